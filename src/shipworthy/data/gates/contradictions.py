"""Gate: near-duplicates have the same answer."""

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult, Measurement, count
from shipworthy.data.gates.row_settings import Contradictions
from shipworthy.evaluation.intervals import wilson


def check(config: Contradictions, inputs: GateInput) -> GateResult:
    """Computes the share of rows of train and validation in clusters with several answers."""
    ends = inputs.labelled.group_by("cluster").agg(
        pl.col("answer").min().alias("low"), pl.col("answer").max().alias("high")
    )
    contradictory_clusters = ends.filter(pl.col("low") != pl.col("high")).select("cluster")
    contradictory = inputs.labelled.select("id", "cluster", "answer").join(
        contradictory_clusters, on="cluster", how="semi"
    )
    answers = pl.col("answer").unique().sort().over("cluster", mapping_strategy="join")
    rows = contradictory.collect(engine="streaming").with_columns(answers)
    labelled = count(inputs.labelled)
    interval = wilson(rows.height, labelled)
    number = Measurement(
        "share of rows in contradictory clusters", interval.value, config.max_share, interval.low, interval.high
    )
    violations = []
    if interval.value > config.max_share:
        violations = [f"{interval.value:.1%} of the rows have a near-duplicate with another answer"]
    why = pl.format("cluster {} has the answers {}", "cluster", pl.col("answer").list.join(", ")).alias("detail")
    return GateResult(violations, labelled, [number], rows.sort("cluster", "id").select("id", why), rows.height)
