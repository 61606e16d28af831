"""Runs of missing values: a feed that broke for a while."""

import math

import polars as pl

from shipworthy.data.gates.schema import Burst
from shipworthy.data.gates.view import Finding, Number, View


def check(config: Burst, view: View) -> Finding:
    """The longest run of each feature, against that of independent gaps (Erdős and Rényi 1970: log of rows)."""
    counts = view.rows.select(pl.col(name).null_count() for name in view.features).collect(engine="streaming").row(0)
    numbers, faults, rows = [], [], []
    for name, lacking in zip(view.features, counts, strict=True):
        if not 0 < lacking < view.total:
            continue
        limit = longest(view.total, lacking / view.total, config.probability)
        start, length = _longest_run(view, name)
        numbers.append(Number(f"longest run of rows without {name}", length, limit))
        if length > limit:
            faults.append(f"{name} is missing in {length} rows one after another, from {start} on")
            rows.append({"id": start, "detail": f"{name} is missing here and in the next {length - 1} rows"})
    return Finding(faults, view.total, numbers, pl.DataFrame(rows, Finding([], 0).rows.schema), len(rows))


def longest(n: int, gaps: float, probability: float) -> float:
    """The run that independent gaps (their share) exceed in n rows with at most this probability (rows).

    A run of k begins at a given row with probability (1 - p) p^k, so that n (1 - p) p^k bounds that of any.
    """
    return math.ceil(math.log(probability / (n * (1 - gaps))) / math.log(gaps))


def _longest_run(view: View, name: str) -> tuple[str, int]:
    """The id at which it begins, and its length (rows)."""
    ordered = view.rows.select("id", pl.col(name).is_null().alias("gap")).sort("id")
    runs = ordered.with_columns(pl.col("gap").rle_id().alias("run")).filter("gap")
    found = runs.group_by("run").agg(pl.col("id").min(), pl.len().alias("rows")).collect()
    identity, length = found.sort("rows", "id", descending=[True, False]).select("id", "rows").row(0)
    return str(identity), int(length)
