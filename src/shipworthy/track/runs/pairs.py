"""Two runs on the same validation rows: is one better, and by how much?"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shipworthy.evaluation import paired
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.models import parquet
from shipworthy.track.runs.registry import Run

FILE = "validation.parquet"


@dataclass(frozen=True)
class Pair:
    """A run against the first one.

    Attributes:
        found: the comparison; None where there can be none.
        adjusted: its p-value, for as many tests as were made together (Holm 1979).
        why_not: why there is none.
    """

    run: Run
    reference: Run
    found: paired.Comparison | None = None
    adjusted: float = 1.0
    why_not: str = ""


def pairs(runs: Sequence[Run]) -> list[Pair]:
    """Each run but the first against the first, on the rows that both were validated on."""
    reference, *others = runs
    found = [_pair(run, reference) for run in others]
    tested = [pair.found for pair in found if pair.found]
    adjusted = iter(paired.holm([one.p_value for one in tested]))
    return [Pair(pair.run, pair.reference, pair.found, next(adjusted)) if pair.found else pair for pair in found]


def share(run: Run) -> Interval | None:
    """The share of validation rows that the selected model got right; None where it noted no answers."""
    rows = _rows(run)
    return wilson(int(rows["correct"].sum()), rows.height) if rows is not None and rows.height else None


def _pair(run: Run, reference: Run) -> Pair:
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
    return Pair(run, reference, paired.compare(both["correct"].to_numpy(), both["correct_reference"].to_numpy()))


def data(run: Run) -> str:
    """The digest of the dataset that it was trained and validated on."""
    return str(run.record.get("inputs", {}).get("dataset", ""))


def _rows(run: Run) -> pl.DataFrame | None:
    path: Path = run.folder / "checkpoint" / FILE
    return parquet.read(path, columns=["id", "correct"]) if path.is_file() else None
