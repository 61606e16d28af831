"""A small pipeline on disk: dataset and plan as artifacts, and a workspace for each command."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

import polars as pl

from shipworthy.config.compose import register
from shipworthy.core.files import write_json
from shipworthy.core.groups import ModelConfig
from shipworthy.core.workspace import Workspace
from shipworthy.evaluation.heldout import ANSWERS
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import build, conformal
from shipworthy.models.conformal import Conformal


def workspace(root: Path, command: str) -> Workspace:
    """As the command line makes it."""
    register()
    return Workspace(root=root / "artifacts", command=command, config={}, seed=0)


def write_dataset(root: Path, splits: Mapping[str, pl.DataFrame]) -> None:
    """train and validation with answers, test without; its answers apart."""
    with workspace(root, "prepare").write("dataset") as folder:
        for name, rows in splits.items():
            (rows.drop("answer") if name == "test" else rows).write_parquet(folder / f"{name}.parquet")
        splits["test"].select("id", "answer").write_parquet(folder / ANSWERS)
        write_json(folder / "split_check.json", {"group_columns": []})


def write_plan(root: Path, task: Task) -> None:
    """The criteria that evaluate reads."""
    with workspace(root, "plan").write("plan") as folder:
        write_json(folder / "criteria.json", {"metric": task.metric, **asdict(task.criteria)})


def write_checkpoint(
    root: Path, model: ModelConfig, splits: Mapping[str, pl.DataFrame], interval: Conformal | None = None
) -> None:
    """A fitted model, with an interval around its numbers where there is one."""
    with workspace(root, "train").write("checkpoint") as folder:
        fitted = build.create(model)
        fitted.fit(splits["train"], splits["validation"], 0)
        fitted.save(folder)
        build.describe(model, folder)
        if interval:
            conformal.write(interval, folder)
