"""Gate: no feature has too many missing values."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.row_settings import Missing
from shipworthy.evaluation.intervals import wilson

KEPT = 100
"""Failing rows that are kept for each feature; all are counted."""


def check(config: Missing, inputs: GateInput) -> GateResult:
    """Counts missing values by feature, over all splits.

    Raises:
        UsageError: a column is no feature.
    """
    if unknown := [name for name in config.columns if name not in inputs.features]:
        raise UsageError(f"data.gates.missing.columns names {unknown[0]}, which is no feature: correct it.")
    counts = inputs.rows.select(pl.col(name).null_count() for name in inputs.features).collect(engine="streaming")
    measurements, violations = [], []
    for name, lacking in counts.row(0, named=True).items():
        limit, interval = config.columns.get(name, config.max_share), wilson(lacking, inputs.total)
        measurements.append(
            Measurement(f"share of rows without {name}", interval.value, limit, interval.low, interval.high)
        )
        if interval.value > limit:
            violations.append(f"{name} is missing in {interval.value:.1%} of the rows, more than {limit:.1%}")
    over = [name for name, number in zip(inputs.features, measurements, strict=True) if number.value > number.limit]
    rows = pl.concat([GateResult([], 0).rows, *(_first(inputs, name) for name in over)])
    failing_rows = max((int(counts[name][0]) for name in over), default=0)
    return GateResult(violations, inputs.total, measurements, rows, failing_rows)


def _first(inputs: GateInput, name: str) -> pl.DataFrame:
    """The rows with a missing value and the lowest ids."""
    lacking = (
        inputs.rows.filter(pl.col(name).is_null()).select("id").bottom_k(KEPT, by="id").collect(engine="streaming")
    )
    return lacking.sort("id").with_columns(pl.lit(f"{name} is missing").alias("detail"))
