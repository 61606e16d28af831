"""A small table and the stage that prepares it."""

from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.config.load import as_dict
from shipworthy.core.artifact import Artifact, read_artifact
from shipworthy.core.workspace import Workspace
from shipworthy.data.kinds.schema import Table
from shipworthy.data.splits.schema import Split
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.xgboost.schema import XGBoost
from shipworthy.stages import prepare

CLASSES = Classification(name="t", description="d", baselines=["majority"], positive="yes")


def run(project: Path, groups: dict[str, Any], seed: int = 5) -> Artifact:
    config = {name: as_dict(group) for name, group in groups.items()}
    workspace = Workspace(root=project / "artifacts", command="prepare", config=config, seed=seed)
    prepare.run(**groups, seed=seed, workspace=workspace)
    return read_artifact(project / "artifacts" / "dataset", "dataset")


def people(project: Path, **settings: Any) -> dict[str, Any]:
    """A table of 400 people, of whom some are alike, in two shards."""
    number = pl.int_range(400)
    frame = pl.select(
        age=20 + number * 7 % 60,
        job=pl.format("job {}", number * 13 % 11),
        firm=pl.format("firm {}", number % 57),
        day=pl.date(2024, 1, 1) + pl.duration(days=number * 3 % 200),
        pay=pl.when(number * 7919 % 101 < 40).then(pl.lit("yes")).otherwise(pl.lit("no")),
    )
    (project / "data" / "people").mkdir(exist_ok=True)
    for part, half in enumerate((frame[:150], frame[150:])):
        half.write_csv(project / "data" / "people" / f"part-{part}.csv")
    columns = {"age": "int", "job": "string", "firm": "string", "day": "date", "pay": "string"}
    known = {
        "name": "n",
        "licence": "l",
        "file": "people",
        "label": "pay",
        "ignore": ["firm", "day"],
        "columns": columns,
    }
    data = Table(**known, **{"split": Split(test=0.2, validation=0.1, group_columns=["firm"], folds=3), **settings})
    return {"task": CLASSES, "data": data, "model": XGBoost()}
