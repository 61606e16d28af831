"""Fits a family that fits itself."""

import time
from dataclasses import asdict
from pathlib import Path

from shipworthy.core import events
from shipworthy.core.files import write_json
from shipworthy.core.interrupt import StopRequestedError, asked, listening, reason
from shipworthy.core.memory import peak_mb, reset_peak
from shipworthy.core.progress import say
from shipworthy.evaluation import calibration, figures
from shipworthy.evaluation.metric import metric, title
from shipworthy.evaluation.threshold import Chosen
from shipworthy.models.build import create, describe
from shipworthy.models.protocol import InRounds
from shipworthy.train.decided_answers import decide
from shipworthy.train.records import Records
from shipworthy.train.request import Request
from shipworthy.train.validation_answers import ANSWERS, interval, validated

VALIDATE_EVERY = 10
"""Rounds from one validation on the task's metric to the next."""


def check(request: Request) -> None:
    """A family that fits itself refuses by itself what it can't be fitted to, in seconds; this, what comes after.

    Raises:
        UsageError: validation has too few rows to tell the task's intervals.
    """
    calibration.check(request.task, request.validation.height)


def fit(request: Request, records: Records, target: Path) -> None:
    """Fits on `train`, and fills `target` with the model, its answers to `validation` and the run's records.

    Raises:
        StopRequestedError: the fit was asked to stop; nothing of it is kept.
        UsageError: as `check`.
    """
    check(request)
    task, model, train, validation = request.task, request.model, request.train, request.validation
    started = time.monotonic()
    reset_peak()
    fitted = create(model)
    if isinstance(fitted, InRounds):
        with listening():
            _fit_in_rounds(fitted, request, records)
        history, selected = fitted.history, min(fitted.history, key=lambda entry: entry["val_loss"])
    else:
        fitted.fit(train, validation, request.seed)
        selected = {"step": 1.0}
        history = [selected]
    seconds = time.monotonic() - started
    found = decide(task, validation, fitted.predict(validation.drop("answer")))
    answers, chosen = found.answers, found.threshold
    selected["val_metric"] = answers.metric
    if not isinstance(fitted, InRounds):
        records.log({"val_metric": answers.metric}, 1)
    say(
        f"{model.kind}: fitted on {train.height} rows in {seconds:.1f} s, validation {title(task.metric)} "
        f"{figures.figure(task.metric, answers.metric)}"
    )
    fitted.save(target)
    describe(model, target)
    found.write(target)
    if chosen:
        say(_told(task.metric, chosen))
    if found.interval:
        say(
            f"intervals for {100 * found.interval.level:.4g}% of rows reach {found.interval.beyond:.4g} beyond what "
            "the model says, by its errors on validation"
        )
    answers.write(target / ANSWERS)
    write_json(target / "history.json", history)
    write_json(
        target / "training.json",
        {
            "steps": len(history),
            "seconds": seconds,
            "peak_memory_mb": peak_mb(),
            "selected_step": int(selected["step"]),
            "selected_metric": answers.metric,
            "selected_interval": interval(target / ANSWERS, task.metric),
            "validated": validated(validation),
            "metric": task.metric,
            "greater_is_better": metric(task.metric).GREATER_IS_BETTER,
            "decision": asdict(chosen) if chosen else None,
            "interval": asdict(found.interval) if found.interval else None,
        },
    )


def _told(name: str, chosen: Chosen) -> str:
    return (
        f"'{chosen.decision.positive}' from a probability of {chosen.decision.threshold:.3g} on, chosen on validation: "
        f"{title(name)} {figures.figure(name, chosen.value)} there, {figures.figure(name, chosen.most_likely)} by the "
        "most likely class. Validation is a little too good now; test will tell"
    )


def _fit_in_rounds(fitted: InRounds, request: Request, records: Records) -> None:
    """Goes through the rounds: records each, validates now and then, stops where that is asked for."""
    task, validation = request.task, request.validation
    for now in fitted.rounds(request.train, validation, request.seed):
        step = int(now.entry["step"])
        if step % VALIDATE_EVERY == 0:
            now.entry["val_metric"] = decide(task, validation, now.answers()).answers.metric
            events.emit(step=step, validation=now.entry["val_metric"], val_loss=now.entry["val_loss"])
        records.log({key: value for key, value in now.entry.items() if key != "step"}, step)
        if asked():
            records.flush()
            raise StopRequestedError(
                asked(), f"{reason(asked())}: {step} rounds are done, and it starts over when it is run again."
            )
