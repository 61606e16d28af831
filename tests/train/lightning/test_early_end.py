"""A run that its monitor ends early ends well: the best is handed on, and it ends so again, killed or not."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import torch

from shipworthy.core import events
from shipworthy.execution.node import _all_steps
from shipworthy.launch.status import Status
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.lightning.anomaly_policy import AnomalyPolicy
from shipworthy.train.lightning.progress import Progress
from shipworthy.train.monitor.schema import Monitor, Overfitting, Patience
from shipworthy.train.records import NoRecords
from tests.train.lightning.runs import adapter_hash, model_in, rows, run, weights

IMPATIENT = Monitor(patience=Patience(action="finish", validations=2))
# The tiny model gets no answer right, so that the first validation, of step 2, stays the best, and step 6 is the last.
EARLY: Mapping[str, Any] = {"steps": 12, "validate_every": 2, "monitor": IMPATIENT, "keep": 20}


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


class Cut(Exception):
    """Ends a run from within."""


class Noted(NoRecords):
    """Keeps what is recorded; cuts the run when a step is."""

    def __init__(self, cut: int = 0) -> None:
        self.cut, self.alerts, self.steps = cut, list[tuple[str, str, int]](), list[int]()

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        self.steps.append(step)
        if step == self.cut:
            raise Cut

    def alert(self, title: str, text: str, step: int) -> None:
        self.alerts.append((title, text, step))


def of(folder: Path, name: str) -> Any:
    return json.loads((folder / "done" / name).read_text())


def test_patience_ends_the_run_and_hands_the_best_on(model: CausalLM, tmp_path: Path) -> None:
    records, told = Noted(), list[dict[str, Any]]()
    with events.subscribed(told.append):
        run(model, tmp_path / "run", records=records, **EARLY)
    training, history = of(tmp_path / "run", "training.json"), of(tmp_path / "run", "history.json")
    assert records.steps == [entry["step"] for entry in history] == [1, 2, 3, 4, 5, 6]
    assert [entry["step"] for entry in history if "stopped_early" in entry] == [6]
    ended = training["stopped_early"]
    assert (ended["step"], ended["detector"], training["steps"]) == (6, "patience", 6)
    assert "2 validations up to step 6 brought nothing better than the metric 0.0% of step 2" in ended["sentence"]
    assert (training["selected_step"], training["selected_metric"]) == (2, 0.0)
    (alert,) = (found for found in records.alerts if "patience" in found[0])
    assert alert == ("patience (finish)", ended["sentence"], 6)
    assert [fact["step"] for fact in told if "validation" in fact] == [2, 4, 6]


def test_a_job_that_ends_so_has_done_all_its_steps(model: CausalLM, tmp_path: Path) -> None:
    for attempt in (1, 2):  # the second finds the run ended already
        status = Status(tmp_path / f"status-{attempt}.json")
        status.begin()
        with events.subscribed(status.note):
            events.emit(steps=EARLY["steps"])
            run(model, tmp_path / "run", **EARLY)
        assert status.value["step"] == 6
        _all_steps(status)


def test_a_step_of_it_is_a_step_of_the_whole_run(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "early", **EARLY)
    run(model, tmp_path / "whole", **{**EARLY, "monitor": Monitor()})
    assert of(tmp_path / "whole", "training.json")["stopped_early"] is None
    early, whole = (history_of(tmp_path / name) for name in ("early", "whole"))
    assert len(whole) == 12 and early == whole[:6]


def history_of(folder: Path) -> list[list[Any]]:
    keys = ("step", "ledger", "loss", "lr", "val_metric", "val_loss")
    return [[entry.get(key) for key in keys] for entry in of(folder, "history.json")]


@pytest.mark.parametrize("cut", [3, 6])
def test_killed_it_ends_at_the_same_step_with_the_same_weights(model: CausalLM, tmp_path: Path, cut: int) -> None:
    run(model, tmp_path / "whole", **EARLY)
    with pytest.raises(Cut):
        run(model, tmp_path / "cut", records=Noted(cut), **EARLY)
    run(model, tmp_path / "cut", **EARLY)
    same(tmp_path / "whole", tmp_path / "cut")


def same(one: Path, other: Path) -> None:
    left, right = weights(one), weights(other)
    assert all(torch.equal(left[name], right[name]) for name in left if not name.startswith("random"))
    assert adapter_hash(one) == adapter_hash(other)
    assert history_of(one) == history_of(other)
    answers = [pl.read_parquet(folder / "done" / "validation.parquet") for folder in (one, other)]
    assert answers[0].equals(answers[1])
    assert of(one, "training.json")["stopped_early"] == of(other, "training.json")["stopped_early"]


def test_ended_it_is_handed_on_again_without_another_step(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "run", **EARLY)
    before, records, told = adapter_hash(tmp_path / "run"), Noted(), list[dict[str, Any]]()
    with events.subscribed(told.append):
        run(model, tmp_path / "run", records=records, **EARLY)
    assert records.steps == [] and adapter_hash(tmp_path / "run") == before
    assert told == [{"step": 6, "steps": 6}]


def test_two_processes_end_at_the_step_of_one(model: CausalLM, tmp_path: Path) -> None:
    table = rows(model, 90)[:78]  # two parts to generate, one for each process
    how = {**EARLY, "validation_rows": 0}
    run(model, tmp_path / "one", table=table, held_out=66, **how)
    run(model, tmp_path / "two", table=table, held_out=66, devices=2, **how)
    same(tmp_path / "one", tmp_path / "two")
    answers = pl.read_parquet(tmp_path / "two" / "done" / "validation.parquet")
    assert answers["id"].to_list() == table["id"].to_list()[-66:]


def test_what_is_selected_comes_with_its_answers(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "run", validation_rows=0)
    answers, training = pl.read_parquet(tmp_path / "run/done/validation.parquet"), of(tmp_path / "run", "training.json")
    assert answers.columns == ["id", "prediction", "probabilities", "number", "low", "high", "scored", "correct"]
    assert answers["id"].to_list() == ["row-10", "row-11"]
    interval = training["selected_interval"]
    assert interval["value"] == training["selected_metric"] == answers["scored"].mean()
    assert interval["low"] <= interval["value"] < interval["high"] < 1
    assert (interval["n"], interval["level"]) == (2, 0.95)
    adapter = tmp_path / "run" / "done" / "adapter"
    assert sorted(path.name for path in adapter.iterdir()) == ["adapter_config.json", "adapter_model.safetensors"]


def test_a_run_that_overfits_can_end_by_itself(model: CausalLM, tmp_path: Path) -> None:
    """What validation asks for is nothing like what train teaches, and all the less likely the better that is known."""
    table, chat = rows(model), Chat(Path(model.source.path))
    other = pl.Series([chat.answer_ids("qzqz")] * 2)
    table = pl.concat([table[:-2], table[-2:].with_columns(answer=pl.lit("qzqz"), answer_ids=other)])
    monitor = Monitor(overfitting=Overfitting(action="finish"))
    run(model, tmp_path / "run", table=table, steps=60, validate_every=4, checkpoint_every=50, monitor=monitor)
    training, history = of(tmp_path / "run", "training.json"), of(tmp_path / "run", "history.json")
    ended = training["stopped_early"]
    assert ended["detector"] == "overfitting" and ended["step"] == len(history) < 60
    curve = [entry["val_loss"] for entry in history if "val_loss" in entry]
    assert curve[-1] > 1.05 * min(curve) and history[-1]["loss"] < history[0]["loss"]


def test_at_the_last_step_it_is_no_early_end(tmp_path: Path) -> None:
    progress, records = Progress(), Noted()
    policy = AnomalyPolicy(
        IMPATIENT, "exact_match", progress, records.alert, lambda before: None, lambda finding, step: tmp_path
    )
    for step in range(1, 4):
        progress.history.append({"step": step, "loss": 1.0, "val_metric": 0.5, "val_loss": 1.0})
        assert policy.validated(progress.history[-1], last=step == 3)
    assert not progress.ended and "stopped_early" not in progress.history[-1]
    assert [event["action"] for event in progress.events] == ["warn"]
