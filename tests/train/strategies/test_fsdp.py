"""A network that is divided among processes trains as one that is whole, is killed, and goes on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.models.adapters.schema import Lora, NoAdapter
from shipworthy.models.causal_lm.base import base_folder
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.models.causal_lm.tuned import load_tuned
from shipworthy.train.lightning.checkpoints import Tensors, read_tensors
from shipworthy.train.monitor.schema import Spike
from shipworthy.train.strategies.build import build
from shipworthy.train.strategies.schema import FSDP
from tests.train.lightning.runs import TRAINER, Cut, CutAt, model_in, run

ADAPTERS = {"lora": Lora(rank=2, alpha=4), "full": NoAdapter()}
UNEVEN = {"batch_size": 3, "micro_batch_size": 1, "lr": 0.003}
"""Of the three micro-batches of a step one process computes one, the other two."""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


@pytest.fixture(params=ADAPTERS)
def adapter(request: pytest.FixtureRequest) -> AdapterConfig:
    return ADAPTERS[request.param]


def history(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "done" / "history.json").read_text(encoding="utf-8"))


def kept(folder: Path) -> Tensors:
    """The newest checkpoint, but for random states, which are each process's own."""
    tensors = read_tensors(sorted(folder.glob("step-*"))[-1])
    return {name: tensor for name, tensor in tensors.items() if not name.startswith("random")}


def furthest(one: Path, other: Path) -> float:
    """How far two runs' last weights and moments are apart, relative to the largest number of each tensor."""
    left, right = kept(one), kept(other)
    assert left.keys() == right.keys()
    return max(float((left[n] - right[n]).abs().max() / right[n].abs().max().clamp(min=1e-12)) for n in left)


def test_two_processes_have_the_loss_curve_of_one(model: CausalLM, tmp_path: Path, adapter: AdapterConfig) -> None:
    run(model, tmp_path / "whole", adapter=adapter, **UNEVEN)
    run(model, tmp_path / "divided", adapter=adapter, strategy=FSDP(), devices=2, **UNEVEN)
    one, two = history(tmp_path / "whole"), history(tmp_path / "divided")
    for key in ("ledger", "tokens", "supervised_tokens", "val_metric"):
        assert [entry.get(key) for entry in one] == [entry.get(key) for entry in two], key
    for key in ("loss", "grad_norm", "val_loss", "general_nll"):
        assert [e[key] for e in one if key in e] == pytest.approx([e[key] for e in two if key in e], rel=1e-5), key
    assert furthest(tmp_path / "divided", tmp_path / "whole") < 1e-3  # AdamW divides small numbers by small ones
    whole, divided = (load_tuned(base_folder(model), tmp_path / name / "done") for name in ("whole", "divided"))
    for (name, ours), theirs in zip(divided.named_parameters(), whole.parameters(), strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5), name


def test_each_process_writes_its_part_of_a_checkpoint(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "run", adapter=NoAdapter(), strategy=FSDP(), devices=2, steps=3, lr=0.003)
    files = sorted(sorted((tmp_path / "run").glob("step-*"))[-1].glob("*.safetensors"))
    parts = [load_file(file) for file in files]
    name = "weight.model.layers.0.mlp.up_proj.weight"
    assert [tuple(part[name].shape) for part in parts] == [(32, 32), (32, 32)]
    assert torch.equal(kept(tmp_path / "run")[name], torch.cat([part[name] for part in parts]))


def test_a_run_that_is_killed_goes_on_bit_for_bit(model: CausalLM, tmp_path: Path, adapter: AdapterConfig) -> None:
    how: dict[str, Any] = {"adapter": adapter, "strategy": FSDP(), "devices": 2, **UNEVEN}
    run(model, tmp_path / "undisturbed", **how)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=CutAt(4), **how)
    run(model, tmp_path / "cut", **how)
    left, right = kept(tmp_path / "undisturbed"), kept(tmp_path / "cut")
    assert left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(("first", "second"), [(2, 1), (1, 2)])
def test_it_goes_on_with_another_number_of_processes(model: CausalLM, tmp_path: Path, first: int, second: int) -> None:
    how: dict[str, Any] = {"adapter": NoAdapter(), "strategy": FSDP(), **UNEVEN}
    run(model, tmp_path / "undisturbed", devices=second, **how)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", devices=first, records=CutAt(4), **how)
    run(model, tmp_path / "cut", devices=second, **how)
    assert furthest(tmp_path / "cut", tmp_path / "undisturbed") < 1e-3
    ledgers = [[entry["ledger"] for entry in history(tmp_path / name)] for name in ("undisturbed", "cut")]
    assert ledgers[0] == ledgers[1]


def test_a_spike_is_replayed_on_a_network_of_its_own(model: CausalLM, tmp_path: Path) -> None:
    eager = Spike(action="warn", warm_up=2, window=2, deviations=0.01, least=0.001)
    run(model, tmp_path / "run", strategy=FSDP(), devices=2, monitor=replace(TRAINER.monitor, spike=eager))
    training = json.loads((tmp_path / "run" / "done" / "training.json").read_text(encoding="utf-8"))
    reports = [event["spike_report"] for event in training["events"] if event["detector"] == "spike"]
    opened = json.loads((tmp_path / "run" / reports[0]).read_text(encoding="utf-8"))
    assert opened["loss_replayed"] == pytest.approx(opened["loss"], rel=1e-4)
    assert opened["loss_replayed_good"] != pytest.approx(opened["loss"], rel=1e-4), "other weights"


def test_what_needs_a_gpu_is_refused_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(UsageError, match="strategy.cpu_offload=true needs a GPU, and there is none: leave it out"):
        build(FSDP(cpu_offload=True))
