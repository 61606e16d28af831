"""The presets are as large as they are called, wrong shapes are one sentence, and a decoder is read as others are."""

from pathlib import Path

import pytest
import torch

from shipworthy.config.compose import compose
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.files import read_json
from shipworthy.core.lazy import Lazy
from shipworthy.core.sources.schema import Folder
from shipworthy.models import base, build, quantities
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.baselines import as_baseline
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.decoder.counts import parameters
from shipworthy.models.decoder.layout import load
from shipworthy.models.decoder.network import draw
from shipworthy.models.decoder.schema import Decoder, DecoderShape
from shipworthy.train.schema import LightningTrainer
from tests.tiny import CHATML, write_tokenizer

SMOLLM2 = 49152
SHAPE = DecoderShape(32, 64, 2, 4, 2, context=128)


@pytest.fixture
def tokenizer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Folder:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    write_tokenizer(tmp_path / "tokenizer")
    return Folder(path=str(tmp_path / "tokenizer"))


def decoder(source: Folder, **settings: object) -> Decoder:
    return Decoder(**{"name": "mine", "licence": "none", "source": source, "shape": SHAPE, **settings})  # type: ignore[arg-type]


@pytest.mark.parametrize("millions", [5, 50, 125])
def test_presets_are_as_large_as_they_are_called(millions: int) -> None:
    model = compose([f"model=decoder_{millions}m"]).model
    assert isinstance(model, Decoder) and model.name == f"decoder-{millions}m"
    assert parameters(model.shape, SMOLLM2) == pytest.approx(millions * 1e6, rel=0.05)


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("layers=0", r"model\.shape\.layers=0 must be 1 or more"),
        ("heads=7", r"must be an even multiple of model\.shape\.heads=7"),
        ("kv_heads=5", "or these by 5 key-value heads"),
        ("std=0", r"model\.shape\.std=0\.0 must be above 0"),
        ("seed=-1", r"model\.shape\.seed=-1"),
    ],
)
def test_a_wrong_shape_is_one_sentence(setting: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        compose(["model=decoder_125m", f"model.shape.{setting}"])


def test_weights_are_drawn_once_and_are_read_as_a_language_models(tokenizer: Folder) -> None:
    model = decoder(tokenizer)
    base.fetch(model)
    (before,) = base.inputs(model).values()
    found = base.BASES.load(model).base_folder(model)
    assert read_json(found / "config.json")["architectures"] == ["LlamaForCausalLM"]
    assert read_json(found / "manifest.json")["seeds"] == {"weights": 0}
    network = load(found)
    expected = draw(SHAPE, network.vocabulary)
    assert all(torch.equal(p, expected.state_dict()[name]) for name, p in network.state_dict().items())
    base.fetch(model)
    assert [*base.inputs(model).values()] == [before]
    chat = base.chat(model)
    assert chat is not None and chat.tokenizer.chat_template == CHATML
    counted = quantities.of(model, Lora(rank=4), LightningTrainer())
    assert counted is not None and counted.base_parameters == parameters(SHAPE, network.vocabulary)
    assert build.FAMILIES.name(model) == "shipworthy.models.causal_lm.family"
    again = decoder(tokenizer, shape=DecoderShape(32, 64, 2, 4, 2, context=128, seed=1))
    base.fetch(again)
    assert base.BASES.load(again).base_folder(again) != found


def test_the_template_is_replaced_as_of_other_models(tokenizer: Folder) -> None:
    model = decoder(tokenizer, template="chatml")
    base.fetch(model)
    own = decoder(tokenizer)
    base.fetch(own)
    assert base.BASES.load(model).base_folder(model) != base.BASES.load(own).base_folder(own)
    chat = base.chat(model)
    assert chat is not None and chat.tokenizer.chat_template != CHATML


def test_new_tokens_are_added_to_it_as_to_other_models(tokenizer: Folder) -> None:
    model, own = decoder(tokenizer, new_tokens=["<call>"]), decoder(tokenizer)
    for one in (model, own):
        base.fetch(one)
    chat = base.chat(model)
    assert chat is not None and len(chat.tokenizer.encode("<call>", add_special_tokens=False)) == 1
    before, after = (load(base.BASES.load(one).base_folder(one)) for one in (own, model))
    assert after.vocabulary == before.vocabulary + 1
    rows = after.lm_head.weight[: before.vocabulary]
    assert torch.equal(rows, before.lm_head.weight)


def test_no_tokenizer_is_one_sentence(tokenizer: Folder, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "text.txt").write_text("no tokenizer")
    with pytest.raises(ShipworthyError, match=r"holds no tokenizer that can be read \(.*\): correct model\.source\.$"):
        base.fetch(decoder(Folder(path=str(tmp_path / "other"))))


def test_what_has_learned_nothing_is_no_baseline() -> None:
    config = compose(["model=decoder_5m"])
    with pytest.raises(UsageError, match=r"'decoder' has learned nothing yet: drop it from task\.baselines"):
        as_baseline("zero_shot", config.model, config.task)


def test_a_schema_that_extends_another_has_its_modules_too(tokenizer: Folder) -> None:
    model = decoder(tokenizer)
    assert isinstance(model, CausalLM)
    assert Lazy("{model}.weights").name(model) == "shipworthy.models.decoder.weights"
    assert Lazy("{model}.chat").name(model) == "shipworthy.models.causal_lm.chat"
    assert Lazy("{model}.fit_memory").name(model) == ""
