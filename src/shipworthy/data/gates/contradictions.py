"""Near-duplicates with two answers."""

import polars as pl

from shipworthy.data.gates.schema import Contradictions
from shipworthy.data.gates.view import Finding, Number, View, count
from shipworthy.evaluation.intervals import wilson


def check(config: Contradictions, view: View) -> Finding:
    """The share of rows in such clusters, of train and validation."""
    answers = view.labelled.group_by("cluster").agg(pl.col("answer").unique().sort().alias("answers"))
    torn = answers.filter(pl.col("answers").list.len() > 1)
    rows = view.labelled.select("id", "cluster").join(torn, on="cluster").collect(engine="streaming")
    labelled = count(view.labelled)
    interval = wilson(rows.height, labelled)
    number = Number("share of rows in contradictory clusters", interval.value, config.most, interval.low, interval.high)
    faults = []
    if interval.value > config.most:
        faults = [f"{interval.value:.1%} of the rows have a near-duplicate with another answer"]
    why = pl.format("cluster {} has the answers {}", "cluster", pl.col("answers").list.join(", ")).alias("detail")
    return Finding(faults, labelled, [number], rows.sort("cluster", "id").select("id", why), rows.height)
