"""A run's gain over a baseline in points of the metric, with an interval, and the cost of each point."""

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

import polars as pl
from omegaconf import OmegaConf

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.core.schema import SCHEMAS
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import compare
from shipworthy.evaluation.scores import correct
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.documents import documents
from shipworthy.models.protocol import Prediction
from shipworthy.track.runs.registry import Run

VALIDATION = "validation.parquet"


@dataclass(frozen=True)
class Gain:
    """A run against a baseline, on the same validation rows.

    Attributes:
        against: the baseline's name.
        difference: of the shares of right rows, with Tango's interval for paired rows.
        n: rows.
    """

    against: str
    difference: Interval
    n: int


@dataclass(frozen=True)
class PerPoint:
    """What a percentage point over the baseline cost, by the ends of the gain's interval.

    The cost is known, the gain is not: the costs that go with the ends of its interval are the ends (Fieller's interval
    of a ratio, whose numerator has no variance here). Where the gain may be none, no cost is too high.

    Attributes:
        value: cost over the estimated gain (inf: nothing was gained).
        low, high: the ends (high is inf where the gain's interval holds 0; low too where all of it is below).
    """

    value: float
    low: float
    high: float


def per_point(cost: float, gain: Interval) -> PerPoint:
    """Cost (in any unit) for each percentage point of the gain (a share)."""

    def at(share: float) -> float:
        return cost / (100 * share) if share > 0 else inf

    return PerPoint(at(gain.value), at(gain.high), at(gain.low))


def gain(run: Run, against: str = "") -> Gain | str:
    """The run's gain, or a few words on why it is not known.

    Args:
        against: a baseline's name (empty: the best one on validation; `zero_shot` is the model before its training).

    Raises:
        UsageError: there is no baseline of that name.
    """
    mine, dataset = run.folder / "checkpoint" / VALIDATION, Path(str(run.record.get("dataset", "")))
    if not mine.is_file():
        return "no model came out, or its validation answers were not kept"
    baseline = dataset.parent / "baseline"
    if not (baseline / MANIFEST).is_file():
        return "no baseline was measured: run `shipworthy baseline`"
    if read_json(baseline / MANIFEST)["inputs"].get("dataset") != run.record["inputs"].get("dataset"):
        return "the baselines are of another dataset: run `shipworthy baseline`"
    task = _task(run.record["config"]["task"])
    name = _best(read_json(baseline / "baseline.json"), task.metric, against)
    answers = documents(parquet.read(dataset / "validation.parquet")).select("id", "answer")
    theirs = parquet.read(baseline / "predictions" / f"{name}.parquet").join(answers, on="id")
    right = correct(task, [Prediction(text) for text in theirs["prediction"]], theirs["answer"].to_list())
    both = parquet.read(mine).join(theirs.select("id", pl.Series("theirs", right)), on="id")
    if not both.height:
        return "run and baseline answered different rows"
    return Gain(name, compare(both["correct"].to_numpy(), both["theirs"].to_numpy()).difference, both.height)


def _task(config: dict[str, Any]) -> Task:
    task = OmegaConf.to_object(OmegaConf.merge(OmegaConf.structured(SCHEMAS["task"][config["kind"]]), config))
    assert isinstance(task, Task)
    return task


def _best(measured: dict[str, Any], metric: str, wanted: str) -> str:
    values = {one["name"]: one["validation"][metric]["value"] for one in measured["baselines"]}
    if wanted and wanted not in values:
        raise UsageError(f"against={wanted}: there is no baseline of that name, only {', '.join(values)}.")
    return wanted or max(values, key=lambda name: float(values[name]))
