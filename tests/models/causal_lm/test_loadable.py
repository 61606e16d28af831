"""What can't be trained is refused when it is fetched, in one sentence that says what it is and what to do."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    AutoModelForCausalLM,
    Gemma3Config,
    Gemma3ForConditionalGeneration,
    Gemma3TextConfig,
    SiglipVisionConfig,
)

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.sources.schema import Folder
from shipworthy.models.causal_lm.network import load_network, native_dtype
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.weights import fetch
from tests.tiny import write_model

WEIGHTS = "model.safetensors"
CODE = {"AutoConfig": "configuration_mine.MyConfig", "AutoModelForCausalLM": "modeling_mine.MyModel"}


def settings(**changes: Any) -> Callable[[Path], None]:
    """Changes what config.json says."""

    def change(folder: Path) -> None:
        (folder / "config.json").write_text(json.dumps(json.loads((folder / "config.json").read_text()) | changes))

    return change


def pickled(folder: Path) -> None:
    torch.save(load_file(folder / WEIGHTS), folder / "pytorch_model.bin")
    (folder / WEIGHTS).unlink()


def without_weights(folder: Path) -> None:
    (folder / WEIGHTS).unlink()


def cut_off(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes((folder / WEIGHTS).read_bytes()[:-5])


def no_header(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(b"no weights")


def without_a_shard(folder: Path) -> None:
    network = AutoModelForCausalLM.from_pretrained(folder)
    (folder / WEIGHTS).unlink()
    network.save_pretrained(folder, max_shard_size="20KB")
    sorted(folder.glob("model-*.safetensors"))[1].unlink()


def in_eight_bits(folder: Path) -> None:
    tensors = {name: tensor.to(torch.float8_e4m3fn) for name, tensor in load_file(folder / WEIGHTS).items()}
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def without_tokenizer(folder: Path) -> None:
    for path in [*folder.glob("tokenizer*"), *folder.glob("*.jinja")]:
        path.unlink()


def adapter(folder: Path) -> None:
    (folder / "config.json").rename(folder / "adapter_config.json")


def broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (settings(model_type="bert", architectures=["BertForMaskedLM"]), "holds a BertForMaskedLM, no BertLMHeadModel"),
        (settings(architectures=["LlamaForSequenceClassification"]), "LlamaForSequenceClassification, no LlamaForCaus"),
        (
            settings(architectures=["LlamaModel"]),
            "holds a LlamaModel, no LlamaForCausalLM: it does not predict",
        ),
        (settings(model_type="vit", architectures=["ViTModel"]), "is a 'vit', which is no causal language model: take"),
        (settings(model_type="t5"), "is a 't5', which is no causal language model: take another model"),
        (settings(model_type="mine", auto_map=CODE), r"brings code of its own \(AutoConfig, AutoM.*not run here"),
        (settings(architectures=["MyModel"], auto_map=CODE), r"brings code of its own \(AutoConfig, AutoM"),
        (settings(model_type="mine"), r"has the model_type 'mine', which transformers \S+ does not know: take another"),
        (settings(model_type=""), r"has no model_type, which transformers \S+ does not know"),
        (settings(quantization_config={"quant_method": "gptq"}), r"quantized weights \(quantization_config: gptq\)"),
        (
            settings(quantization_config={"quant_method": "awq"}),
            "take the model that they were made from, and",
        ),
        (
            settings(quantization_config={"quant_method": "fp8"}),
            r"quantization_config: fp8\), which can't be trained",
        ),
        (in_eight_bits, r"quantized weights \(most of its numbers are F8_E4M3\), which can't be trained"),
        (pickled, r"only pickled ones \(pytorch_model\.bin\): what is pickled may run any code, and is never loaded"),
        (without_weights, r"has no weights in safetensors files \(model\*\.safetensors\), none"),
        (cut_off, r"is not whole \(model\.safetensors has \d+ bytes, of \d+ that its header describes\): fetch or"),
        (no_header, r"is not whole \(.*model\.safetensors.*\): fetch or copy it again"),
        (without_a_shard, r"is not whole \(model-00002-of-\d+\.safetensors is missing, which .*index\.json names\)"),
        (without_tokenizer, r"holds no (tokenizer|language model that can be read \(.*tokenizer.*\))"),
        (adapter, r"\(no config\.json\): it is an adapter: give the model that it was made for, and .* model\.start"),
        (broken_config, r"holds no language model that can be read \(config\.json: .*\): correct model\.source"),
    ],
)
def test_what_is_refused(
    change: Callable[[Path], None], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(write_model(tmp_path / "mine"))))
    change(tmp_path / "mine")
    with pytest.raises(ShipworthyError, match=rf"^\S*mine .*{said}") as refused:
        fetch(model)
    assert "\n" not in str(refused.value)
    assert not list((tmp_path / "cache" / "models").glob("tiny-*"))


def test_of_a_network_that_reads_images_the_language_model_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    folder = write_model(tmp_path / "mine")
    torch.manual_seed(0)
    text = Gemma3TextConfig(
        vocab_size=300,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=8,
        initializer_range=0.3,
    )
    images = SiglipVisionConfig(
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        image_size=28,
        patch_size=14,
    )
    whole = Gemma3ForConditionalGeneration(
        Gemma3Config(text_config=text.to_dict(), vision_config=images.to_dict(), mm_tokens_per_image=4)
    )
    whole.to(torch.bfloat16).save_pretrained(folder)
    base = fetch(CausalLM(name="tiny", licence="none", source=Folder(path=str(folder))))
    assert json.loads((base / "config.json").read_text())["architectures"] == ["Gemma3ForCausalLM"]
    assert native_dtype(base) is torch.bfloat16
    network, ids = load_network(base), torch.arange(40).reshape(2, 20)
    theirs = Gemma3ForConditionalGeneration.from_pretrained(folder, dtype=torch.float32)
    with torch.no_grad():
        torch.testing.assert_close(network(ids).logits, theirs(ids).logits)


def test_a_missing_chat_template_is_said_and_no_reason_to_refuse(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    folder = write_model(tmp_path / "mine")
    (folder / "chat_template.jinja").unlink()
    model = CausalLM(name="tiny", licence="none", source=Folder(path=str(folder)))
    assert (fetch(model) / "config.json").is_file()
    assert "tiny: its tokenizer has no chat template, which `prepare` asks for" in capsys.readouterr().out
