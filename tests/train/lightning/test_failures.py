"""What goes wrong in a run is caught, named, and survived as the config says."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

import shipworthy.train.lightning.fit as fitting
import shipworthy.train.strategies.ddp as ddp
from shipworthy.core.errors import ShipworthyError
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.lightning.gradients import gradients
from shipworthy.train.monitor.schema import Divergence, Monitor, NotFinite, Rollback
from tests.train.lightning.runs import TRAINER, model_in, request, rows, run

Change = Callable[[int, float, list[torch.Tensor]], tuple[float, list[torch.Tensor]]]


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


def plant(monkeypatch: pytest.MonkeyPatch, change: Change) -> list[int]:
    """Changes what the steps compute; returns the calls so far."""
    calls: list[int] = []

    def changed(*arguments: Any, **options: Any) -> tuple[float, list[torch.Tensor]]:
        calls.append(len(calls) + 1)
        return change(calls[-1], *gradients(*arguments, **options))

    monkeypatch.setattr(ddp, "gradients", changed)
    return calls


def nan_at(step: int) -> Change:
    def change(call: int, loss: float, found: list[torch.Tensor]) -> tuple[float, list[torch.Tensor]]:
        return (float("nan"), [torch.full_like(g, float("nan")) for g in found]) if call == step else (loss, found)

    return change


def of(folder: Path, name: str) -> Any:
    return json.loads((folder / "done" / name).read_text())


def test_a_batch_that_gives_nan_is_skipped_and_opened(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, nan_at(3))
    run(model, tmp_path / "run")
    training, history = of(tmp_path / "run", "training.json"), of(tmp_path / "run", "history.json")
    assert [entry["step"] for entry in history] == [1, 2, 3, 4, 5, 6]
    assert [entry["step"] for entry in history if "skipped" in entry] == [3]
    assert training["skipped_steps"] == 1
    event = training["events"][0]
    assert (event["detector"], event["action"], event["step"]) == ("not_finite", "skip", 3)
    opened = json.loads((tmp_path / "run" / event["spike_report"]).read_text())
    assert len(opened["rows"]) == TRAINER.batch_size
    assert opened["cause"] in ("precision", "unclear")  # the replay of good rows is finite
    assert torch.isfinite(torch.tensor(history[3]["loss"]))


def test_a_batch_that_gives_nan_stops_the_run_if_told(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plant(monkeypatch, nan_at(3))
    with pytest.raises(ShipworthyError, match="step 3.*The last checkpoint is whole"):
        run(model, tmp_path / "run", monitor=Monitor(not_finite=NotFinite(action="stop")))
    monkeypatch.undo()
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    run(model, tmp_path / "run", monitor=Monitor(not_finite=NotFinite(action="stop")))
    assert len(of(tmp_path / "run", "history.json")) == 6


def test_a_run_that_diverges_goes_back_and_on_at_a_lower_rate(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def climb(call: int, loss: float, found: list[torch.Tensor]) -> tuple[float, list[torch.Tensor]]:
        return (loss + 20.0 if 12 <= call < 16 else loss), found

    monitor = Monitor(divergence=Divergence(steps=4, window=8), rollback=Rollback(factor=0.1))
    run(model, tmp_path / "whole", steps=20, validate_every=10, checkpoint_every=5, keep=4)
    plant(monkeypatch, climb)
    run(model, tmp_path / "run", steps=20, validate_every=10, checkpoint_every=5, keep=4, monitor=monitor)
    training, history = of(tmp_path / "run", "training.json"), of(tmp_path / "run", "history.json")
    whole = of(tmp_path / "whole", "history.json")
    assert training["rollbacks"] == 1
    assert [event["detector"] for event in training["events"] if event["action"] == "rollback"] == ["divergence"]
    assert [entry["step"] for entry in history] == list(range(1, 21))
    assert [entry["ledger"] for entry in history] == [entry["ledger"] for entry in whole]
    ratios = [entry["lr"] / other["lr"] for entry, other in zip(history, whole, strict=True)]
    assert ratios[:10] == pytest.approx([1.0] * 10)
    assert ratios[10:] == pytest.approx([0.1] * 10)
    assert max(entry["loss"] for entry in history) < 15


def test_memory_that_runs_out_is_explained_by_its_parts(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(call: int, loss: float, found: list[torch.Tensor]) -> tuple[float, list[torch.Tensor]]:
        if call == 4:
            raise RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9e12")
        return loss, found

    plant(monkeypatch, exhausted)
    with pytest.raises(ShipworthyError, match="Step 4: .*weights.*activations"):
        run(model, tmp_path / "run")
    monkeypatch.undo()
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    run(model, tmp_path / "run")
    assert len(of(tmp_path / "run", "history.json")) == 6


def check(model: CausalLM, folder: Path, table: pl.DataFrame, lr: float = 0.02, **changes: Any) -> None:
    folder.mkdir()
    fitting.check(request(model, folder, table, lr=lr, **changes))


def replaced(table: pl.DataFrame, name: str, change: Callable[[list[int]], Sequence[int]]) -> pl.DataFrame:
    return table.with_columns(pl.Series(name, [list(change(ids)) for ids in table[name].to_list()]))


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        (lambda table: replaced(table, "answer_ids", lambda ids: ids[1:] + ids[:1]), "labels are the answers"),
        (lambda table: replaced(table, "answer_ids", lambda ids: ids[:-1]), "end token in labels"),
        (lambda table: replaced(table, "answer_ids", lambda ids: []), "trainable tokens"),
    ],
)
def test_data_that_cannot_be_learned_from_is_named_before_the_run(
    model: CausalLM, tmp_path: Path, fault: Callable[[pl.DataFrame], pl.DataFrame], named: str
) -> None:
    with pytest.raises(ShipworthyError, match=f"nothing was trained.*{named}"):
        check(model, tmp_path / "run", fault(rows(model)))
    assert not list((tmp_path / "run").glob("step-*"))


def test_an_adapter_that_is_frozen_is_named_before_the_run(
    model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import shipworthy.train.lightning.training_state as state

    whole = state.build_adapter

    def half_frozen(*arguments: Any) -> Any:
        network = whole(*arguments)
        for name, parameter in network.named_parameters():
            parameter.requires_grad_(parameter.requires_grad and "layers.1." not in name)
        return network

    monkeypatch.setattr(state, "build_adapter", half_frozen)
    with pytest.raises(ShipworthyError, match="weights receive gradient.*frozen"):
        check(model, tmp_path / "run", rows(model), adapter=Lora(rank=2, alpha=4))


def test_auto_batch_finds_a_micro_batch_and_keeps_it(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "run", auto_batch=True, micro_batch_size=4)
    assert json.loads((tmp_path / "run" / "auto_batch.json").read_text()) == {"micro_batch_size": 4}
    run(model, tmp_path / "plain", micro_batch_size=4)
    assert [e["ledger"] for e in of(tmp_path / "run", "history.json")] == [
        e["ledger"] for e in of(tmp_path / "plain", "history.json")
    ]
