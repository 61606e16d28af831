"""The share of rows that lack a value."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.schema import Missing
from shipworthy.data.gates.view import Finding, Number, View
from shipworthy.evaluation.intervals import wilson

KEPT = 100
"""So many rows are kept for each feature; all are counted."""


def check(config: Missing, view: View) -> Finding:
    """Counts by feature, over all splits.

    Raises:
        UsageError: a column is no feature.
    """
    if unknown := [name for name in config.columns if name not in view.features]:
        raise UsageError(f"data.gates.missing.columns names {unknown[0]}, which is no feature: correct it.")
    counts = view.rows.select(pl.col(name).null_count() for name in view.features).collect(engine="streaming")
    numbers, faults = [], []
    for name, lacking in counts.row(0, named=True).items():
        limit, interval = config.columns.get(name, config.most), wilson(lacking, view.total)
        numbers.append(Number(f"share of rows without {name}", interval.value, limit, interval.low, interval.high))
        if interval.value > limit:
            faults.append(f"{name} is missing in {interval.value:.1%} of the rows, more than {limit:.1%}")
    over = [name for name, number in zip(view.features, numbers, strict=True) if number.value > number.limit]
    rows = pl.concat([Finding([], 0).rows, *(_first(view, name) for name in over)])
    failing = max((int(counts[name][0]) for name in over), default=0)
    return Finding(faults, view.total, numbers, rows, failing)


def _first(view: View, name: str) -> pl.DataFrame:
    """Rows without a value, the lowest ids."""
    lacking = view.rows.filter(pl.col(name).is_null()).select("id").bottom_k(KEPT, by="id").collect(engine="streaming")
    return lacking.sort("id").with_columns(pl.lit(f"{name} is missing").alias("detail"))
