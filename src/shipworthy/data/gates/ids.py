"""Gate: no two rows have the same id."""

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult
from shipworthy.data.gates.row_settings import Ids


def check(config: Ids, inputs: GateInput) -> GateResult:
    """Counts the rows of every id whose hash comes twice; in memory are 8 bytes per row, not the ids."""
    hashes = inputs.rows.select(pl.col("id").hash()).collect(engine="streaming")["id"].sort()
    twice = hashes.filter(hashes == hashes.shift(1)).unique()
    suspects = inputs.rows.select("id").filter(pl.col("id").hash().is_in(twice.implode()))
    counts = suspects.group_by("id").agg(pl.len().alias("n")).filter(pl.col("n") > 1)
    found = counts.collect(engine="streaming").sort("n", "id", descending=[True, False])
    rows = found.select("id", pl.format("is in {} rows", "n").alias("detail"))
    violations = [f"{found.height} ids are in several rows"] if found.height else []
    return GateResult(violations, inputs.total, rows=rows, failing_rows=int(found["n"].sum()))
