"""Gate: no feature is missing in an improbably long run of consecutive rows."""

import math

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.row_settings import MissingRuns


def check(config: MissingRuns, inputs: GateInput) -> GateResult:
    """Compares the longest run of each feature with that of independent missing values (Erdős and Rényi 1970)."""
    counts = (
        inputs.rows.select(pl.col(name).null_count() for name in inputs.features).collect(engine="streaming").row(0)
    )
    measurements, violations, rows = [], [], []
    for name, lacking in zip(inputs.features, counts, strict=True):
        if not 0 < lacking < inputs.total:
            continue
        limit = longest(inputs.total, lacking / inputs.total, config.probability)
        start, length = _longest_run(inputs, name)
        measurements.append(Measurement(f"longest run of rows without {name}", length, limit))
        if length > limit:
            violations.append(f"{name} is missing in {length} rows one after another, from {start} on")
            rows.append({"id": start, "detail": f"{name} is missing here and in the next {length - 1} rows"})
    return GateResult(
        violations, inputs.total, measurements, pl.DataFrame(rows, GateResult([], 0).rows.schema), len(rows)
    )


def longest(n: int, missing_share: float, probability: float) -> float:
    """The run length that independent missing values exceed in n rows with at most this probability (rows).

    Args:
        n: rows.
        missing_share: share of rows in which the feature is missing (0 to 1).
        probability: of a longer run (0 to 1).

    Returns:
        The length (rows).

    A run of k begins at a given row with probability (1 - p) p^k, so that n (1 - p) p^k bounds that of any.
    """
    return math.ceil(math.log(probability / (n * (1 - missing_share))) / math.log(missing_share))


def _longest_run(inputs: GateInput, name: str) -> tuple[str, int]:
    """The id at which it begins, and its length (rows)."""
    ordered = inputs.rows.select("id", pl.col(name).is_null().alias("gap")).sort("id")
    runs = ordered.with_columns(pl.col("gap").rle_id().alias("run")).filter("gap")
    found = runs.group_by("run").agg(pl.col("id").min(), pl.len().alias("rows")).collect()
    identity, length = found.sort("rows", "id", descending=[True, False]).select("id", "rows").row(0)
    return str(identity), int(length)
