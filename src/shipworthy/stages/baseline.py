"""Fits the models to beat and keeps what they predict, row by row."""

import time
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.memory import peak_mb, reset_peak
from shipworthy.core.progress import say
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation import predictions, scores
from shipworthy.evaluation.tasks.schema import Task, TextToText
from shipworthy.models import base, baselines, build
from shipworthy.models.causal_lm.questions import last_turns
from shipworthy.models.dataset import SPLITS, split
from shipworthy.models.documents import documents, predict

READS = ("dataset",)


def run(*, task: Task, model: ModelConfig, seed: int, workspace: Workspace) -> None:
    """Reads `dataset`, writes `baseline`; scores are made on validation alone.

    Raises:
        UsageError: task.baselines names what is no model, or a model that does not suit the task.
    """
    # All configs first: a wrong name is refused before the work.
    configs = {name: baselines.as_baseline(name, model, task) for name in task.baselines}
    dataset = workspace.read("dataset")
    workspace.uses(base.inputs(model))
    splits = {name: split(dataset, name) for name in SPLITS}
    if isinstance(task, TextToText):
        splits["train"] = last_turns(task, splits["train"])
    with workspace.write("baseline") as folder:
        records = []
        for number, (name, config) in enumerate(configs.items(), 1):
            say(f"baseline {number} of {len(configs)}: {name}")
            records.append(_measure(name, config, task, splits, seed=seed, folder=folder))
        write_json(folder / "baseline.json", {"metric": task.metric, "baselines": records})


def _measure(
    name: str, config: ModelConfig, task: Task, splits: dict[str, pl.DataFrame], *, seed: int, folder: Path
) -> dict[str, Any]:
    """Fits one baseline, saves it with its predictions, and scores it on validation."""
    started = time.monotonic()
    reset_peak()
    fitted = build.create(config)
    fitted.fit(splits["train"], splits["validation"], seed)
    (folder / name).mkdir()
    fitted.save(folder / name)
    build.describe(config, folder / name)
    validation, test = splits["validation"], splits["test"]
    answered, asked = predict(fitted, validation.drop("answer")), documents(validation)
    predictions.write(folder / "predictions" / f"{name}.parquet", asked["id"], answered)
    predictions.write(folder / "predictions" / f"{name}.test.parquet", documents(test)["id"], predict(fitted, test))
    summary = scores.summary(task, answered, asked["answer"].to_list(), seed)
    decides = summary[task.metric]
    say(f"  {name}: {task.metric} {decides.value:.3f} ({decides.low:.3f} to {decides.high:.3f}) on validation")
    return {
        "name": name,
        "validation": {metric: interval.to_json() for metric, interval in summary.items()},
        "seconds": time.monotonic() - started,
        "peak_memory_mb": peak_mb(),
    }
