"""Two runs on the same validation rows: is one better, and by how much?"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from shipworthy.core.progress import track
from shipworthy.evaluation import claims, paired, predictions, scores
from shipworthy.evaluation.claims import Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.schema import Criteria
from shipworthy.track.runs.registry import Run

FILE = "validation.parquet"


@dataclass(frozen=True)
class Pair:
    """A run against the first one.

    Attributes:
        found: the two on the rows that both were validated on; None where there can be no test.
        claim: what was shown, among as many runs as there are (Holm 1979).
        why_not: why there is no test.
    """

    run: Run
    reference: Run
    found: paired.Pair | None = None
    claim: Claim | None = None
    why_not: str = ""


def pairs(runs: Sequence[Run]) -> list[Pair]:
    """Each run but the first against the first, on the rows that both were validated on."""
    reference, *others = runs
    alpha = float(reference.config.get("task.criteria.alpha", Criteria.alpha))
    found = [_pair(run, reference, alpha) for run in track(others, "paired tests, by run", len(others))]
    tested = [pair.found for pair in found if pair.found]
    decided = iter(claims.decide(reference.metric, tested, alpha) if tested else ())
    return [replace(pair, claim=next(decided)) if pair.found else pair for pair in found]


def interval(run: Run) -> Interval | None:
    """The selected model's metric on the validation rows; None where it noted no answers."""
    rows = _rows(run)
    if rows is None or not rows.height:
        return None
    return scores.interval(run.metric, predictions.rows(rows), predictions.resampling(rows))


def _pair(run: Run, reference: Run, alpha: float) -> Pair:
    if data(run) != data(reference):
        return Pair(run, reference, why_not="they were validated on other data")
    if run.metric != reference.metric:
        return Pair(run, reference, why_not=f"one is measured by {reference.metric}, the other by {run.metric}")
    tables = [_rows(one) for one in (run, reference)]
    if missing := [one for one, rows in zip((run, reference), tables, strict=True) if rows is None]:
        return Pair(run, reference, why_not=f"{missing[0].id} noted no answers ({FILE})")
    mine, theirs = (rows for rows in tables if rows is not None)
    both = mine.join(theirs, on="id", how="inner", maintain_order="left", suffix="_reference")
    if not both.height:
        return Pair(run, reference, why_not="they were validated on other rows")
    ours, others = (predictions.rows(both, name) for name in (predictions.SCORED, f"{predictions.SCORED}_reference"))
    found = paired.pair(metric(run.metric), ours, others, predictions.resampling(both, alpha=alpha))
    return Pair(run, reference, found)


def data(run: Run) -> str:
    """The digest of the dataset that it was trained and validated on."""
    return str(run.record.get("inputs", {}).get("dataset", ""))


def _rows(run: Run) -> pl.DataFrame | None:
    path: Path = run.folder / "checkpoint" / FILE
    return predictions.scored(path) if path.is_file() else None
