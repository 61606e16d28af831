"""Whatever part of a network is trained: it is cut and goes on bit for bit, on one process or two, and predicts."""

from dataclasses import replace
from pathlib import Path

import polars as pl
import pytest
import torch
from safetensors.torch import load_file

from shipworthy.core.groups import AdapterConfig
from shipworthy.models.adapters.schema import Lora, NoAdapter, PrefixTuning, PromptTuning, QLora
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.family import load
from shipworthy.models.causal_lm.network import load_network
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.tuned import load_tuned
from shipworthy.train.lightning.fit import check
from tests.train.lightning.runs import Cut, CutAt, model_in, request, rows, run, weights

ADAPTERS = {
    "lora": Lora(rank=2, alpha=4),
    "lora dropout": Lora(rank=2, alpha=4, dropout=0.2),
    "rslora": Lora(rank=2, alpha=4, rslora=True),
    "dora": Lora(rank=2, alpha=4, dora=True),
    "beside": Lora(rank=2, alpha=4, whole=["norm"]),
    "qlora": QLora(rank=2, alpha=4),
    "qlora dora": QLora(rank=2, alpha=4, dora=True, double_quantization=False, whole=["norm"]),
    "prompt": PromptTuning(tokens=4),
    "prefix": PrefixTuning(tokens=4),
    "full": NoAdapter(),
    "upper": NoAdapter(first_layer=1, embeddings=False),
}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> AdapterConfig:
    return ADAPTERS[request.param]


def handed_over(folder: Path) -> dict[str, torch.Tensor]:
    """All tensors of a finished run's folder."""
    files = sorted((folder / "done").rglob("*.safetensors"))
    assert files
    return {f"{file.name}/{name}": tensor for file in files for name, tensor in load_file(file).items()}


def same(left: Path, right: Path) -> bool:
    one, other = handed_over(left), handed_over(right)
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def test_a_run_that_is_cut_goes_on_bit_for_bit(model: CausalLM, tmp_path: Path, adapter: AdapterConfig) -> None:
    run(model, tmp_path / "whole", adapter=adapter, lr=0.003)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", adapter=adapter, lr=0.003, records=CutAt(4))
    run(model, tmp_path / "cut", adapter=adapter, lr=0.003)
    assert same(tmp_path / "whole", tmp_path / "cut")
    one, other = weights(tmp_path / "whole"), weights(tmp_path / "cut")
    assert all(torch.equal(one[name], other[name]) for name in one), "moments and random states, too"


def test_what_is_handed_over_is_what_was_trained(model: CausalLM, tmp_path: Path, adapter: AdapterConfig) -> None:
    done = run(model, tmp_path / "run", adapter=adapter, lr=0.003)
    answers = load(model, done).predict(rows(model)[-2:])
    kept = pl.read_parquet(done / "validation.parquet")
    assert [one.text for one in answers] == kept["prediction"].to_list()
    base, tuned = load_network(base_folder(model)), load_tuned(base_folder(model), done)
    before = dict(base.named_parameters())
    changed = {name for name, parameter in tuned.named_parameters() if not torch.equal(parameter, before[name])}
    layers = {name.split(".")[2] for name in changed if ".layers." in name}
    if isinstance(adapter, PromptTuning):
        assert not changed
    elif isinstance(adapter, NoAdapter):
        assert layers == {str(layer) for layer in range(adapter.first_layer, 2)}
        assert any("embed" in name for name in changed) == adapter.embeddings and any("norm" in n for n in changed)
    else:
        assert layers == {"0", "1"} and not any("embed" in name for name in changed)
        assert ("model.norm.weight" in changed) == bool(adapter.whole)  # type: ignore[attr-defined]


def test_two_processes_train_the_whole_network_as_one(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "one", adapter=NoAdapter(), lr=0.003)
    run(model, tmp_path / "two", adapter=NoAdapter(), lr=0.003, devices=2)
    assert same(tmp_path / "one", tmp_path / "two")


def test_the_checks_before_a_run_know_a_network_without_an_adapter(model: CausalLM, tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    asked = request(model, tmp_path / "run", rows(model), adapter=NoAdapter(), lr=0.003)
    check(replace(asked, task=replace(asked.task, max_new_tokens=12)))
