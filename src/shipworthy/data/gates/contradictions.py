"""Near-duplicates with two answers."""

import polars as pl

from shipworthy.data.gates.schema import Contradictions
from shipworthy.data.gates.view import Finding, Number, View, count
from shipworthy.evaluation.intervals import wilson


def check(config: Contradictions, view: View) -> Finding:
    """The share of rows in such clusters, of train and validation."""
    ends = view.labelled.group_by("cluster").agg(
        pl.col("answer").min().alias("low"), pl.col("answer").max().alias("high")
    )
    torn = ends.filter(pl.col("low") != pl.col("high")).select("cluster")
    contradictory = view.labelled.select("id", "cluster", "answer").join(torn, on="cluster", how="semi")
    answers = pl.col("answer").unique().sort().over("cluster", mapping_strategy="join")
    rows = contradictory.collect(engine="streaming").with_columns(answers)
    labelled = count(view.labelled)
    interval = wilson(rows.height, labelled)
    number = Number("share of rows in contradictory clusters", interval.value, config.most, interval.low, interval.high)
    faults = []
    if interval.value > config.most:
        faults = [f"{interval.value:.1%} of the rows have a near-duplicate with another answer"]
    why = pl.format("cluster {} has the answers {}", "cluster", pl.col("answer").list.join(", ")).alias("detail")
    return Finding(faults, labelled, [number], rows.sort("cluster", "id").select("id", why), rows.height)
