"""A run that is asked to stop saves where it stands, whatever it was doing, and ends as if nobody had asked."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from shipworthy.core import events, interrupt
from shipworthy.core.interrupt import SIGNALS, StopRequestedError
from shipworthy.models.causal_lm.schema import CausalLM
from shipworthy.train.lightning.checkpoints import newest, state_of
from shipworthy.train.objectives.sft import SupervisedFineTuning
from shipworthy.train.records import NoRecords
from tests.train.lightning.runs import adapter_hash, model_in, run, weights

STEPS = 6  # validated after 3 and 6


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CausalLM:
    monkeypatch.setenv("SHIPWORTHY_CACHE", str(tmp_path / "cache"))
    return model_in(tmp_path / "hub")


class At(NoRecords):
    """Does something when a step is recorded."""

    def __init__(self, step: int, what: Callable[[], None]) -> None:
        self.step, self.what = step, what

        self.steps: list[int] = []

    def log(self, metrics: object, step: int) -> None:
        self.steps.append(step)
        if step == self.step:
            self.what()


def send(number: signal.Signals = signal.SIGTERM) -> None:
    os.kill(os.getpid(), number)


def history(folder: Path) -> list[dict[str, Any]]:
    return json.loads((folder / "done" / "history.json").read_text())


def reached(folder: Path) -> dict[str, Any]:
    """What the newest checkpoint says."""
    found = newest(folder)
    assert found is not None
    return state_of(found)


def ends_like_an_undisturbed_one(model: CausalLM, folder: Path, **how: Any) -> None:
    """Goes on with the stopped run, and compares it with one that nobody stopped."""
    run(model, folder, **how)
    whole = folder.with_name("whole")
    run(model, whole, **how)
    left, right = weights(folder), weights(whole)
    assert left.keys() == right.keys()
    assert all(bool((left[name] == right[name]).all()) for name in left)
    assert adapter_hash(folder) == adapter_hash(whole)
    for key in ("step", "ledger", "loss", "val_metric", "val_loss"):
        assert [e.get(key) for e in history(folder)] == [e.get(key) for e in history(whole)], key


@pytest.mark.parametrize("number", SIGNALS)
def test_between_steps(model: CausalLM, tmp_path: Path, number: signal.Signals) -> None:
    before = [signal.getsignal(one) for one in SIGNALS]
    records = At(1, lambda: send(number))
    with pytest.raises(StopRequestedError, match=f"{number.name}: step 2 of 6 is saved"):
        run(model, tmp_path / "run", checkpoint_every=50, records=records)
    assert records.steps == [1, 2], "the run that goes on begins with the third"
    assert reached(tmp_path / "run")["step"] == 2
    assert [signal.getsignal(one) for one in SIGNALS] == before
    ends_like_an_undisturbed_one(model, tmp_path / "run", checkpoint_every=50)


def test_before_the_first_step(model: CausalLM, tmp_path: Path) -> None:
    with interrupt.listening():
        send()
        with pytest.raises(StopRequestedError, match="step 0 of 6"):
            run(model, tmp_path / "run")
    ends_like_an_undisturbed_one(model, tmp_path / "run")


@pytest.mark.parametrize("step", [3, STEPS])
def test_during_validation(model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    predict = SupervisedFineTuning.predict
    validations: list[int] = []

    def interrupted(self: SupervisedFineTuning, *arguments: Any) -> Any:
        validations.append(len(validations) + 1)
        if validations[-1] * 3 == step:
            send()
        return predict(self, *arguments)

    with monkeypatch.context() as patched:
        patched.setattr(SupervisedFineTuning, "predict", interrupted)
        with pytest.raises(StopRequestedError, match=f"step {step} of 6"):
            run(model, tmp_path / "run", checkpoint_every=50)
    state = reached(tmp_path / "run")
    assert state["step"] == step
    assert "val_metric" not in state["progress"]["history"][-1], "the validation was not waited for"
    ends_like_an_undisturbed_one(model, tmp_path / "run", checkpoint_every=50)


@pytest.mark.parametrize("devices", [1, 2])
def test_when_its_validation_is_told(model: CausalLM, tmp_path: Path, devices: int) -> None:
    """A campaign that hears of it may prune the run: it stops at that step, whose validation is kept whole."""
    told: list[dict[str, Any]] = []

    def prune(facts: dict[str, Any]) -> None:
        if "validation" in facts:
            told.append(facts)
            interrupt.ask("pruned")

    with events.subscribed(prune), pytest.raises(StopRequestedError, match="pruned: step 3 of 6 is saved") as caught:
        run(model, tmp_path / "run", checkpoint_every=50, devices=devices)
    interrupt.withdraw("pruned")
    assert caught.value.signal_name == "pruned"
    state, best = reached(tmp_path / "run"), tmp_path / "run" / "best-0000003"
    entry = state["progress"]["history"][-1]
    assert told == [{"step": 3, "validation": entry["val_metric"], "val_loss": entry["val_loss"]}]
    assert state["step"] == 3 and state["progress"]["best"] == [entry["val_metric"], 3]
    assert (best / "adapter" / "adapter_model.safetensors").is_file() and (best / "validation.parquet").is_file()
    if devices == 1:
        ends_like_an_undisturbed_one(model, tmp_path / "run", checkpoint_every=50)


def test_when_the_last_validation_is_told_it_comes_too_late(model: CausalLM, tmp_path: Path) -> None:
    told: list[int] = []

    def prune(facts: dict[str, Any]) -> None:
        if "validation" in facts and facts["step"] == STEPS:
            told.append(STEPS)
            interrupt.ask("pruned")

    with events.subscribed(prune):
        run(model, tmp_path / "run")
    interrupt.withdraw("pruned")
    assert told == [STEPS] and len(history(tmp_path / "run")) == STEPS


def test_while_a_checkpoint_is_written(model: CausalLM, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "_listeners", [])
    events.subscribe(lambda facts: send() if facts.get("kept") == 2 else None)
    with pytest.raises(StopRequestedError):
        run(model, tmp_path / "run")
    assert not [path for path in (tmp_path / "run").iterdir() if path.name.endswith(".tmp")]
    events._listeners.clear()
    ends_like_an_undisturbed_one(model, tmp_path / "run")


def test_twice_and_another(model: CausalLM, tmp_path: Path) -> None:
    def thrice() -> None:
        for number in (signal.SIGUSR2, signal.SIGTERM, signal.SIGTERM):
            send(number)

    with pytest.raises(StopRequestedError, match="SIGUSR2"):
        run(model, tmp_path / "run", records=At(2, thrice))
    ends_like_an_undisturbed_one(model, tmp_path / "run")


def test_after_the_last_step_it_comes_too_late(model: CausalLM, tmp_path: Path) -> None:
    run(model, tmp_path / "run", records=At(STEPS, send))
    assert len(history(tmp_path / "run")) == STEPS


def test_only_one_of_two_processes_is_told(model: CausalLM, tmp_path: Path) -> None:
    """The one that nobody told may be a step behind or ahead; they stop at the same one."""

    def tell_the_other() -> None:
        (other,) = [c for c in psutil.Process().children() if "spawn_main" in str(c.cmdline())]
        other.send_signal(signal.SIGTERM)

    with pytest.raises(StopRequestedError, match="another process"):
        run(model, tmp_path / "run", devices=2, steps=STEPS * 3, records=At(2, tell_the_other))
    assert 2 <= reached(tmp_path / "run")["step"] < STEPS * 3
    ends_like_an_undisturbed_one(model, tmp_path / "run", devices=2, steps=STEPS * 3)
