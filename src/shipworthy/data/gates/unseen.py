"""Gate: validation and test have few categories that train lacks."""

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult, Measurement, count
from shipworthy.data.gates.row_settings import Unseen
from shipworthy.evaluation.intervals import wilson


def check(config: Unseen, inputs: GateInput) -> GateResult:
    """Computes the share of rows with such a category, by feature and split."""
    train, measurements, violations, rows = (
        inputs.rows.filter(pl.col("split") == "train"),
        [],
        [],
        [GateResult([], 0).rows],
    )
    others = {split: inputs.rows.filter(pl.col("split") == split) for split in ("validation", "test")}
    sizes = {split: count(part) for split, part in others.items()}
    failing_rows = 0
    for name, kind in inputs.features.items():
        if kind.is_numeric():
            continue
        known = (
            train.select(name).drop_nulls().unique().head(config.max_categories + 1).collect(engine="streaming")[name]
        )
        if known.len() > config.max_categories:
            continue
        for split, part in others.items():
            if not sizes[split]:
                continue
            strange = part.filter(~pl.col(name).is_in(known.implode())).select("id", pl.col(name).alias("value"))
            found = strange.collect(engine="streaming").sort("id")
            interval = wilson(found.height, sizes[split])
            what = f"share of {split} with a {name} that train lacks"
            measurements.append(Measurement(what, interval.value, config.max_share, interval.low, interval.high))
            if interval.value > config.max_share:
                violations.append(
                    f"{interval.value:.1%} of {split} has a {name} that train lacks, such as '{found['value'][0]}'"
                )
                rows.append(found.select("id", pl.format("{} is '{}'", pl.lit(name), "value").alias("detail")))
                failing_rows += found.height
    return GateResult(violations, inputs.total, measurements, pl.concat(rows), failing_rows)
