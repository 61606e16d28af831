"""No id stands in two rows."""

import polars as pl

from shipworthy.data.gates.schema import Ids
from shipworthy.data.gates.view import Finding, View


def check(config: Ids, view: View) -> Finding:
    """Counts the rows of every id."""
    repeated = view.rows.group_by("id").agg(pl.len().alias("n")).filter(pl.col("n") > 1)
    found = repeated.collect(engine="streaming").sort("n", "id", descending=[True, False])
    rows = found.select("id", pl.format("stands in {} rows", "n").alias("detail"))
    faults = [f"{found.height} ids stand in several rows"] if found.height else []
    return Finding(faults, view.total, rows=rows, failing=int(found["n"].sum()))
