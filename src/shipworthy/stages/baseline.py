"""Fits the models to beat and keeps what they predict, row by row."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.memory import peak_mb, reset_peak
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import calibration, claims, figures, power, predictions, scores
from shipworthy.evaluation.metric import title
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models import base, baselines, build, conformal
from shipworthy.models.bounded import Bounded, bounded
from shipworthy.models.causal_lm.questions import last_turns
from shipworthy.models.dataset import SPLITS, split
from shipworthy.models.documents import documents, predict
from shipworthy.models.protocol import Prediction, Predictor
from shipworthy.models.rows import groups
from shipworthy.track.cost.noted import note_baselines

READS = ("dataset",)


def run(*, task: Task, model: ModelConfig, seed: int, workspace: Workspace) -> None:
    """Reads `dataset`, writes `baseline`; scores are made on validation alone.

    Raises:
        UsageError: task.baselines names what is no model, or a model that does not suit the task; or validation has too
            few rows to tell its intervals.
    """
    # All configs first: a wrong name is refused before the work.
    configs = {name: baselines.as_baseline(name, model, task) for name in task.baselines}
    dataset = workspace.read("dataset")
    workspace.uses(base.inputs(model))
    splits = {name: split(dataset, name) for name in SPLITS}
    calibration.check(task, splits["validation"].height)
    if isinstance(task, TextToText):
        splits["train"] = last_turns(task, splits["train"])
    with workspace.write("baseline") as folder:
        records, answered = [], {}
        for number, (name, config) in enumerate(configs.items(), 1):
            say(f"baseline {number} of {len(configs)}: {name}")
            record, answered[name] = _measure(name, config, task, splits, seed=seed, folder=folder)
            records.append(record)
        best = claims.best(task.metric, {one["name"]: one["validation"][task.metric]["value"] for one in records})
        shown = _power(task, records, answered[best], splits, best, seed)
        write_json(folder / "baseline.json", {"metric": task.metric, "baselines": records, "power": shown})
    fitted = [(record, asdict(config)) for record, config in zip(records, configs.values(), strict=True)]
    note_baselines(workspace.root.parent / "runs", workspace.run_id, fitted, workspace.root / "plan")


def _measure(
    name: str, config: ModelConfig, task: Task, splits: dict[str, pl.DataFrame], *, seed: int, folder: Path
) -> tuple[dict[str, Any], Sequence[Prediction]]:
    """Fits one baseline, saves it with its predictions, and scores it on validation: its record, and what it said."""
    started = time.monotonic()
    reset_peak()
    fitted = build.create(config)
    fitted.fit(splits["train"], splits["validation"], seed)
    (folder / name).mkdir()
    fitted.save(folder / name)
    build.describe(config, folder / name)
    validation, test = splits["validation"], splits["test"]
    answered, asked = predict(fitted, validation.drop("answer")), documents(validation)
    answers = asked["answer"].to_list()
    model: Predictor = fitted
    if interval := calibration.interval(task, answered, answers):
        conformal.write(interval, folder / name)
        answered, model = bounded(interval, answered), Bounded(fitted, interval)
    predictions.write(folder / "predictions" / f"{name}.parquet", asked["id"], answered)
    predictions.write(folder / "predictions" / f"{name}.test.parquet", documents(test)["id"], predict(model, test))
    scores.decided(task, answered, answers)  # a baseline that the deciding metric can't measure is refused here
    summary = scores.summary(task, answered, answers, Resampling(asked.height, groups(asked), seed))
    say(f"  {name}: {title(task.metric)} {figures.interval(task.metric, summary[task.metric])} on validation")
    record = {
        "name": name,
        "validation": {metric: interval.to_json() for metric, interval in summary.items()},
        "seconds": time.monotonic() - started,
        "peak_memory_mb": peak_mb(),
    }
    return record, answered


def _power(
    task: Task,
    records: Sequence[Mapping[str, Any]],
    answered: Sequence[Prediction],
    splits: Mapping[str, pl.DataFrame],
    best: str,
    seed: int,
) -> dict[str, Any]:
    """What the test split can show against the best baseline, by what that says of validation."""
    value = next(one["validation"][task.metric]["value"] for one in records if one["name"] == best)
    margin = claims.margin_of(task.metric, task.criteria.margin, value)
    asked, tested = documents(splits["validation"]), documents(splits["test"]).height
    found = power.simulate(task, answered, asked["answer"].to_list(), tested, margin, seed)
    words = "no difference" if found.smallest is None else figures.amount(task.metric, found.smallest)
    say(f"against {best}, {tested:,} test rows show {words} and more (alpha {found.alpha:g}, power {found.power:.0%})")
    if found.rows_for_margin is not None and found.rows_for_margin > tested:
        say(
            f"warning: the margin of {figures.amount(task.metric, margin)} asks for {found.rows_for_margin:,} test "
            "rows: a gain of that size would likely not be shown; give data.split.test more rows, or raise "
            "task.criteria.margin"
        )
    return {"against": best, **found.to_json()}
