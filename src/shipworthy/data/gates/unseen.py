"""Names that train lacks."""

import polars as pl

from shipworthy.data.gates.schema import Unseen
from shipworthy.data.gates.view import Finding, Number, View, count
from shipworthy.evaluation.intervals import wilson


def check(config: Unseen, view: View) -> Finding:
    """The share of rows with such a name, by feature and split."""
    train, numbers, faults, rows = view.rows.filter(pl.col("split") == "train"), [], [], [Finding([], 0).rows]
    others = {split: view.rows.filter(pl.col("split") == split) for split in ("validation", "test")}
    sizes = {split: count(part) for split, part in others.items()}
    failing = 0
    for name, kind in view.features.items():
        if kind.is_numeric():
            continue
        known = train.select(name).drop_nulls().unique().head(config.names + 1).collect(engine="streaming")[name]
        if known.len() > config.names:
            continue
        for split, part in others.items():
            if not sizes[split]:
                continue
            strange = part.filter(~pl.col(name).is_in(known.implode())).select("id", pl.col(name).alias("value"))
            found = strange.collect(engine="streaming").sort("id")
            interval = wilson(found.height, sizes[split])
            what = f"share of {split} with a {name} that train lacks"
            numbers.append(Number(what, interval.value, config.most, interval.low, interval.high))
            if interval.value > config.most:
                faults.append(
                    f"{interval.value:.1%} of {split} has a {name} that train lacks, such as '{found['value'][0]}'"
                )
                rows.append(found.select("id", pl.format("{} is '{}'", pl.lit(name), "value").alias("detail")))
                failing += found.height
    return Finding(faults, view.total, numbers, pl.concat(rows), failing)
