"""A run's gain over a baseline in its metric's unit, with an interval, and what each point of it cost."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import polars as pl
from omegaconf import OmegaConf

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.commands import again
from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import import_schemas
from shipworthy.core.files import read_json
from shipworthy.core.schema import SCHEMAS
from shipworthy.evaluation import claims, paired, predictions, scores
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.documents import documents
from shipworthy.track.record.record import dataset_folder
from shipworthy.track.runs.registry import Run

VALIDATION = "validation.parquet"
POINT = {"share": (0.01, "a point"), "score": (0.01, "per 0.01"), "number": (1.0, "per unit")}
"""By a metric's unit: how much of it is paid for at a time, and what that is called."""


@dataclass(frozen=True)
class Gain:
    """A run against a baseline, on the same validation rows.

    Attributes:
        against: the baseline's name.
        metric: by which.
        difference: how much better the run is, with the 95% interval of paired rows (below 0: worse), in the metric's
            unit; whichever direction the metric has, more is better here.
        n: rows.
    """

    against: str
    metric: str
    difference: Interval
    n: int


@dataclass(frozen=True)
class PerPoint:
    """What a point over the baseline (see POINT) cost, by the ends of the gain's interval.

    The cost is known, the gain is not: the costs that go with the ends of its interval are the ends (Fieller's interval
    of a ratio, whose numerator has no variance here). Where the gain may be none, no cost is too high.

    Attributes:
        value: cost over the estimated gain (inf: nothing was gained).
        low, high: the ends (high is inf where the gain's interval holds 0; low too where all of it is below).
    """

    value: float
    low: float
    high: float


def per_point(cost: float, gain: Gain) -> PerPoint:
    """Cost (in any unit) for each point of the gain."""
    point, _ = POINT[metric(gain.metric).UNIT]

    def at(amount: float) -> float:
        return cost / (amount / point) if amount > 0 else inf

    return PerPoint(at(gain.difference.value), at(gain.difference.high), at(gain.difference.low))


def gain(run: Run, against: str = "") -> Gain | str:
    """The run's gain, or a few words on why it is not known.

    Args:
        against: a baseline's name (empty: the best one on validation; `zero_shot` is the model before its training).

    Raises:
        UsageError: there is no baseline of that name.
    """
    mine = run.folder / "checkpoint" / VALIDATION
    if not mine.is_file():
        return "no model came out, or its validation answers were not kept"
    dataset = dataset_folder(run.record, run.folder.parent)
    baseline = dataset.parent / "baseline"
    if not (baseline / MANIFEST).is_file():
        return f"no baseline was measured: {_remedy(run)}"
    if read_json(baseline / MANIFEST)["inputs"].get("dataset") != run.record["inputs"].get("dataset"):
        return f"the baselines are of another dataset: {_remedy(run)}"
    task = _task(run.record["config"]["task"])
    measured = {one["name"]: one["validation"] for one in read_json(baseline / "baseline.json")["baselines"]}
    if not all(task.metric in one for one in measured.values()):
        return f"the baselines were not measured by {task.metric}: {_remedy(run)}"
    name = _best(task.metric, {name: one[task.metric]["value"] for name, one in measured.items()}, against)
    theirs = _scored(task, baseline / "predictions" / f"{name}.parquet", dataset / "validation.parquet")
    both = predictions.scored(mine).join(theirs, on="id", maintain_order="left")
    if not both.height:
        return "run and baseline answered different rows"
    ours, others = (predictions.rows(both, column) for column in (predictions.SCORED, "theirs"))
    pair = paired.pair(metric(task.metric), ours, others, predictions.resampling(both))
    return Gain(name, task.metric, claims.gain(task.metric, pair.interval(claims.LEVEL)), both.height)


def _scored(task: Task, answered: Path, validation: Path) -> pl.DataFrame:
    """The columns id and theirs: what the deciding metric says of a baseline's answers."""
    asked = documents(parquet.read(validation))
    given = predictions.read(answered, asked["id"])
    return asked.select("id", theirs=predictions.column(scores.decided(task, given, asked["answer"].to_list())))


def _remedy(run: Run) -> str:
    given = run.record.get("arguments")
    return f"run `{again('baseline', given)}`" if given else "run baseline, with the overrides of the run"


def _task(config: dict[str, Any]) -> Task:
    import_schemas()  # in which the task's class is looked up
    task = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(SCHEMAS["task"][config["kind"]]), config))
    assert isinstance(task, Task)
    return task


def _best(metric: str, values: Mapping[str, float], wanted: str) -> str:
    if wanted and wanted not in values:
        raise UsageError(f"against={wanted}: there is no baseline of that name, only {', '.join(values)}.")
    return wanted or claims.best(metric, values)
