"""Target encoding: the share of each class per category, or the mean of answers that are numbers, cross-fitted.

So no row uses its own answer.

Micci-Barreca 2001, SIGKDD Explorations 3(1): the mean of a category is shrunk to that of all rows; cross-fitting as in
scikit-learn's TargetEncoder.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from shipworthy.data.fitted.encode.categories import output_names
from shipworthy.data.fitted.encode.schema import Target
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.data.hash_sampling import folds
from shipworthy.models.transform.replay import NAME

FOLD = "_fold"


def fit(config: Target, inputs: FitInput) -> Learned:
    """Computes the share of each class but the first in sorted order, one column each (of two classes: one column).

    Of answers that are numbers it computes their mean.

    Raises:
        UsageError: a column holds numbers.
    """
    inputs.require_columns(config.columns, NAME, "data.fitted.encode.target.columns")
    if inputs.numbers:
        return means(config, inputs)
    return shares(config, inputs, sorted(inputs.aggregate({"found": pl.col("answer").unique().implode()})["found"])[1:])


def means(config: Target, inputs: FitInput) -> Learned:
    """The mean of the answers to the rows of a category."""
    return _learned(config, inputs, {"": pl.col("answer").sum()})


def shares(config: Target, inputs: FitInput, classes: Sequence[str]) -> Learned:
    """The share of each of these classes among the rows of a category, one column each."""
    return _learned(config, inputs, {name: (pl.col("answer") == name).sum() for name in classes})


def _learned(config: Target, inputs: FitInput, sums: Mapping[str, pl.Expr]) -> Learned:
    """One column for each sum over the rows of a category, which becomes their mean.

    Args:
        sums: class (of numbers: empty) → what is summed.
    """
    counts = {column: _counts(config, inputs, column, list(sums.values())) for column in config.columns}

    def steps(without: int | None) -> list[Step]:
        return [_step(config, column, list(sums), counts[column], without) for column in config.columns]

    return Learned(steps(None), [steps(fold) for fold in range(config.folds)])


def fold_of(clusters: pl.Series, k: int, seed: int) -> pl.Series:
    """The fold of each row of train (0 to k - 1)."""
    return folds(clusters, k, f"target encoding {seed}")


def _counts(config: Target, inputs: FitInput, column: str, sums: Sequence[pl.Expr]) -> pl.DataFrame:
    """Per category (null: missing) and fold: rows, and each sum, such as the rows of a class."""
    fold = pl.col("cluster").map_batches(
        lambda clusters: fold_of(clusters, config.folds, inputs.seed), return_dtype=pl.Int64, is_elementwise=True
    )
    return (
        inputs.train.select(pl.col(column).alias("name"), "answer", fold.alias(FOLD))
        .group_by("name", FOLD)
        .agg(pl.len().alias("rows"), *(one.alias(f"sum {i}") for i, one in enumerate(sums)))
        .collect(engine="streaming")
        .sort("name", FOLD)
    )


def _step(config: Target, column: str, classes: Sequence[str], counts: pl.DataFrame, without: int | None) -> Step:
    """The encoding of one column, fitted on all folds but `without`."""
    part = counts.filter(pl.col(FOLD) != without) if without is not None else counts
    names = [column] if len(classes) == 1 else output_names(column, list(classes))
    outputs = [_output(config, name, f"sum {i}", part) for i, name in enumerate(names)]
    return {"op": "codes", "column": column, "outputs": outputs}


def _output(config: Target, name: str, summed: str, counts: pl.DataFrame) -> dict[str, Any]:
    prior = float(counts[summed].sum()) / max(1, int(counts["rows"].sum()))
    sums = counts.group_by("name").agg(pl.col("rows", summed).sum()).sort("name")
    codes: dict[str | None, float] = {
        value: (of + config.smoothing * prior) / (rows + config.smoothing)
        for value, rows, of in sums.select("name", "rows", summed).iter_rows()
    }
    missing = codes.pop(None, prior)
    return {"name": name, "codes": codes, "missing": missing, "unseen": prior}
