"""Fits a family that fits itself."""

import time
from pathlib import Path

import polars as pl
import psutil

from shipworthy.core.files import write_json
from shipworthy.core.groups import AdapterConfig, ModelConfig, OptimizerConfig
from shipworthy.core.progress import say
from shipworthy.evaluation.metrics import correct
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.build import create, describe
from shipworthy.train.records import Records
from shipworthy.train.schema import ClassicalTrainer


def fit(
    *,
    task: Task,
    model: ModelConfig,
    adapter: AdapterConfig,
    trainer: ClassicalTrainer,
    optimizer: OptimizerConfig,
    train: pl.DataFrame,
    validation: pl.DataFrame,
    seed: int,
    run: Path,
    run_id: str,
    records: Records,
    target: Path,
) -> None:
    """Fits on `train`, and fills `target` with the model and the run's records.

    Args:
        train, validation: splits with `answer`.
    """
    started = time.monotonic()
    fitted = create(model)
    fitted.fit(train, validation, seed)
    seconds = time.monotonic() - started
    metric = float(correct(task, fitted.predict(validation.drop("answer")), validation["answer"].to_list()).mean())
    # One entry per round where the family has rounds; the metric belongs to the model that came out.
    history = [*getattr(fitted, "history", [])] or [{"step": 1}]
    history[-1] = {**history[-1], "val_metric": metric}
    for entry in history:
        records.log({key: value for key, value in entry.items() if key != "step"}, int(entry["step"]))
    say(f"{model.kind}: fitted on {train.height} rows in {seconds:.1f} s, validation {task.metric} {metric:.3f}")
    fitted.save(target)
    describe(model, target)
    write_json(target / "history.json", history)
    write_json(
        target / "training.json",
        {
            "steps": len(history),
            "seconds": seconds,
            "peak_memory_mb": psutil.Process().memory_info().rss / 1e6,
            "selected_step": int(history[-1]["step"]),
            "selected_metric": metric,
            "metric": task.metric,
        },
    )
