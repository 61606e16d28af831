"""The sieve for tables: missing values, then exact duplicates."""

import polars as pl

from shipworthy.data.duplicates.components import components
from shipworthy.data.schema import Table
from shipworthy.data.sieve import Sieve


def sift(config: Table, sieve: Sieve) -> None:
    """Marks missing values, rejects what cannot teach, and gives each row its `cluster`: those with equal features.

    Args:
        config: what stands for a missing value.
        sieve: holds rows with id, answer and the features.
    """
    features = [name for name in sieve.rows.columns if name not in {"id", "answer"}]
    strings = [name for name in (*features, "answer") if sieve.rows.schema[name] == pl.String]
    stripped = (pl.col(name).str.strip_chars() for name in strings)
    missing = ["", *config.missing]
    sieve.rows = sieve.rows.sort("id").with_columns(stripped)
    sieve.rows = sieve.rows.with_columns(
        pl.when(~pl.col(name).is_in(missing)).then(pl.col(name)).alias(name) for name in strings
    )
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in features)
    unlabelled = pl.when(pl.col("answer").is_null()).then(pl.lit("the label is missing"))
    sieve.reject("empty", pl.coalesce(unlabelled, pl.when(nothing).then(pl.lit("every feature is missing"))))
    first = pl.col("id").min().over(*features, "answer")
    sieve.reject("exact duplicate", pl.when(pl.col("id") != first).then(pl.format("of {}", first)))
    equal = sieve.rows.select(pl.struct(features).rank("dense"))[features[0]]
    labels = components(sieve.rows.height, [equal])
    sieve.rows = sieve.rows.with_columns(sieve.rows["id"].gather(labels).alias("cluster"))
