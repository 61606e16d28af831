"""No id stands in two rows."""

import polars as pl

from shipworthy.data.gates.schema import Ids
from shipworthy.data.gates.view import Finding, View


def check(config: Ids, view: View) -> Finding:
    """Counts the rows of every id whose hash comes twice: 8 bytes a row are held, not the ids."""
    hashes = view.rows.select(pl.col("id").hash()).collect(engine="streaming")["id"].sort()
    twice = hashes.filter(hashes == hashes.shift(1)).unique()
    suspects = view.rows.select("id").filter(pl.col("id").hash().is_in(twice.implode()))
    counts = suspects.group_by("id").agg(pl.len().alias("n")).filter(pl.col("n") > 1)
    found = counts.collect(engine="streaming").sort("n", "id", descending=[True, False])
    rows = found.select("id", pl.format("stands in {} rows", "n").alias("detail"))
    faults = [f"{found.height} ids stand in several rows"] if found.height else []
    return Finding(faults, view.total, rows=rows, failing=int(found["n"].sum()))
