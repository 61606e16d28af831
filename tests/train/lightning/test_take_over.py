"""A run that goes on from another one: exactly where that stood, at its own rates and to its own length."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from shipworthy.config.load import as_dict
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.models.adapters.schema import Lora
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train import continuation
from shipworthy.train.lightning.checkpoints import read_tensors
from shipworthy.train.lightning.fit import fit
from shipworthy.train.lightning.training_state import Request
from shipworthy.train.optimizers.schema import AdamW
from shipworthy.train.records import NoRecords
from shipworthy.train.schedules.build import factor
from shipworthy.train.schedules.schema import Cosine
from tests.train.lightning.runs import Cut, CutAt, model_in, request, rows, weights

DROPPING = Lora(rank=2, alpha=4, dropout=0.1)
KEPT = {"keep": 9}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


def train(asked: Request, *, after: Path | None = None, step: int | str = "", cut: int = 0) -> Path:
    """Trains in the request's folder.

    Args:
        after: the run that it goes on from, at `step`.
        cut: the step at which it is killed.
    """
    asked.run.mkdir(parents=True, exist_ok=True)
    parts = {"model": asked.model, "adapter": asked.adapter, "trainer": asked.trainer, "optimizer": asked.optimizer}
    record = {"config": {name: as_dict(part) for name, part in parts.items()}, "inputs": {}, "seeds": {"seed": 1}}
    asked.run.joinpath("record.json").write_text(json.dumps(record))
    if after:
        continuation.origin(after, read_json(after / "record.json"), str(step)).note(asked.run)
    target = asked.run / "done"
    target.mkdir(exist_ok=True)
    if cut:
        with pytest.raises(Cut):
            fit(asked, CutAt(cut), target)
    else:
        fit(asked, NoRecords(), target)
    return asked.run


def history(run: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(run / "done" / "history.json")
    return found


def assert_same(one: Path, other: Path) -> None:
    first, second = weights(one), weights(other)
    assert first.keys() == second.keys()
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_nothing_changed_it_ends_as_the_other_does(model: CausalLM, tmp_path: Path) -> None:
    """Weights, moments, dropout and rows: all of them go on where they stood, bit for bit."""
    table = rows(model)
    whole = train(request(model, tmp_path / "whole", table, adapter=DROPPING, **KEPT))
    again = train(request(model, tmp_path / "again", table, adapter=DROPPING, **KEPT), after=whole, step=3)
    assert_same(whole, again)
    assert [(e["step"], e["ledger"], e["loss"]) for e in history(again)] == [
        (e["step"], e["ledger"], e["loss"]) for e in history(whole)
    ]
    assert sorted(path.name for path in again.glob("step-*"))[0] == "step-0000003"
    assert read_json(again / "done" / "training.json")["selected_step"] == 6, "the best is one of its own validations"


def test_other_rates_and_another_length_hold_from_there(model: CausalLM, tmp_path: Path) -> None:
    table = rows(model)
    first = train(request(model, tmp_path / "first", table, **KEPT))
    longer = request(model, tmp_path / "longer", table, steps=9, **KEPT)
    longer = replace(longer, optimizer=AdamW(lr=0.002, lora_plus=4.0, weight_decay=0.1))  # other groups of weights
    train(longer, after=first, step=4, cut=7)
    cut = train(longer)
    assert_same(cut, train(replace(longer, run=tmp_path / "uncut"), after=first, step=4))
    done = history(cut)
    assert [entry["step"] for entry in done] == list(range(1, 10))
    assert done[:4] == history(first)[:4]
    rates = [4 * 0.002 * factor(step, 9, Cosine()) for step in range(4, 9)]  # of the B matrices, the highest
    assert [entry["lr"] for entry in done[4:]] == pytest.approx(rates)
    theirs, taken = (read_tensors(run / "step-0000004") for run in (first, tmp_path / "uncut"))
    moments = [sorted(float(t.double().sum()) for n, t in found.items() if "exp_avg" in n) for found in (theirs, taken)]
    assert moments[0] == moments[1]
    assert [name for name in theirs if "exp_avg" in name and theirs[name].shape != taken[name].shape], "other groups"


def test_a_run_that_would_end_before_it_begins_is_refused(model: CausalLM, tmp_path: Path) -> None:
    table = rows(model)
    first = train(request(model, tmp_path / "first", table))
    with pytest.raises(UsageError, match="run first has made 6 steps.*ends at 6: raise trainer.steps"):
        train(request(model, tmp_path / "second", table), after=first)
    with pytest.raises(UsageError, match="holds no checkpoint of step 2; it keeps those of steps: 5, 6 "):
        train(request(model, tmp_path / "third", table), after=first, step=2)


def test_what_cannot_change_is_refused(tmp_path: Path) -> None:
    config = {"adapter": {"kind": "lora", "rank": 2}, "optimizer": {"kind": "adamw", "lr": 1e-3}, "seed": 1}
    config |= {"trainer": {"kind": "lightning", "batch_size": 4, "steps": 6}, "schedule": {"kind": "cosine"}}
    record = {"config": config, "inputs": {"dataset": "d"}, "seeds": {"seed": 1}}
    begun = continuation.Origin(tmp_path / "abc", record, None)  # type: ignore[arg-type]

    def changed(key: str, value: Any) -> dict[str, Any]:
        group, _, name = key.partition(".")
        return {**config, group: {**config[group], name: value} if name else value}  # type: ignore[dict-item]

    for key, value in {"optimizer.lr": 1.0, "trainer.steps": 9, "schedule.kind": "wsd", "trainer.new": 1}.items():
        begun.check(changed(key, value), {"dataset": "d"})
    for key, value in {"adapter.rank": 4, "optimizer.kind": "lion", "trainer.batch_size": 8, "seed": 2}.items():
        with pytest.raises(UsageError, match=rf"{key}={value} is .* in run abc, and a run that goes on from it keeps"):
            begun.check(changed(key, value), {"dataset": "d"})
    with pytest.raises(UsageError, match="the dataset is not that of run abc"):
        begun.check(config, {"dataset": "other"})
