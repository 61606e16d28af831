"""Drift of a column between two versions: the population stability index (PSI).

PSI = Σ (b - a) · ln(b / a) over bins, where a and b are the shares of rows in a bin (Siddiqi, Credit Risk Scorecards,
2006): below 0.1 is no drift, above 0.25 is strong drift. Numbers are binned by the deciles of A, categories by value
with the rare ones in one bin, free text by its number of characters.
"""

import math

import polars as pl

BINS = 10
MOST_NAMES = 50
LEAST_SHARE = 1e-4
"""Stands for an empty bin."""
WORDS_PER_NAME = 0.5
"""A column of strings with more distinct values than this share of its rows is free text."""


def psi(a: pl.DataFrame, b: pl.DataFrame) -> float:
    """The index of a column, given as frames of this one column."""
    left, right = a.to_series(), b.to_series()
    if left.dtype != right.dtype:
        left, right = left.cast(pl.String), right.cast(pl.String)
    if not left.dtype.is_numeric():
        left, right = left.cast(pl.String), right.cast(pl.String)
        if left.n_unique() > max(MOST_NAMES, WORDS_PER_NAME * left.len()):
            left, right = left.str.len_chars(), right.str.len_chars()
    binned = _by_deciles(left, right) if left.dtype.is_numeric() else _by_name(left, right)
    shares = [one.value_counts().rename({one.name: "bin", "count": "n"}) for one in binned]
    both = shares[0].join(shares[1], on="bin", how="full", coalesce=True, nulls_equal=True)
    total = 0.0
    for _, n_a, n_b in both.select("bin", "n", "n_right").iter_rows():
        share_a, share_b = (max((n or 0) / max(one.len(), 1), LEAST_SHARE) for n, one in ((n_a, left), (n_b, right)))
        total += (share_b - share_a) * math.log(share_b / share_a)
    return round(total, 4)


def _by_deciles(left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    known = left.drop_nulls().cast(pl.Float64).drop_nans()
    edges = sorted({float(str(known.quantile(i / BINS, "nearest"))) for i in range(1, BINS)}) if known.len() else []
    return tuple(_cut(one, edges) for one in (left, right))  # type: ignore[return-value]


def _cut(values: pl.Series, edges: list[float]) -> pl.Series:
    """The number of edges at or below each value; null stays null."""
    column = values.cast(pl.Float64).alias("v").to_frame()
    counted = sum(((pl.col("v") >= edge).cast(pl.Int32) for edge in edges), start=pl.lit(0))
    return column.select(pl.when(pl.col("v").is_not_null()).then(counted).alias("bin")).to_series()


def _by_name(left: pl.Series, right: pl.Series) -> tuple[pl.Series, pl.Series]:
    counts = left.alias("v").to_frame().group_by("v").len().sort("len", "v", descending=[True, False])
    common = counts.head(MOST_NAMES)["v"].drop_nulls().to_list()
    found = []
    for one in (left, right):
        kept = pl.when(pl.col("v").is_in(common) | pl.col("v").is_null()).then("v").otherwise(pl.lit("(other)"))
        found.append(one.alias("v").to_frame().select(kept.alias("bin")).to_series())
    return found[0], found[1]
