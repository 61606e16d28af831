"""What the answers of train say of each name, without any row hearing its own.

Micci-Barreca 2001, SIGKDD Explorations 3(1): the mean of a name is shrunk to that of all; cross-fitting as in
scikit-learn's TargetEncoder.
"""

from collections.abc import Sequence
from typing import Any

import polars as pl

from shipworthy.data.fitted.encode.names import derived
from shipworthy.data.fitted.encode.schema import Target
from shipworthy.data.fitted.method import Learned, Step, Subject
from shipworthy.data.hash_sampling import folds
from shipworthy.models.transform.replay import NAME

FOLD = "_fold"


def fit(config: Target, subject: Subject) -> Learned:
    """Shares of each class but the first in sorted order, one column each: of two classes one, named as the old.

    Raises:
        UsageError: a column holds no names.
    """
    subject.need(config.columns, NAME, "data.fitted.encode.target.columns")
    classes = sorted(subject.train.select(pl.col("answer").unique()).collect(engine="streaming")["answer"])[1:]
    counts = {column: _counts(config, subject, column, classes) for column in config.columns}

    def steps(without: int | None) -> list[Step]:
        return [_step(config, column, classes, counts[column], without) for column in config.columns]

    return Learned(steps(None), [steps(fold) for fold in range(config.folds)])


def fold_of(clusters: pl.Series, k: int, seed: int) -> pl.Series:
    """The fold of each row of train (0 to k - 1)."""
    return folds(clusters, k, f"target encoding {seed}")


def _counts(config: Target, subject: Subject, column: str, classes: Sequence[str]) -> pl.DataFrame:
    """Per name (null: missing) and fold: rows, and rows of each class."""
    fold = pl.col("cluster").map_batches(
        lambda clusters: fold_of(clusters, config.folds, subject.seed), return_dtype=pl.Int64, is_elementwise=True
    )
    return (
        subject.train.select(pl.col(column).alias("name"), "answer", fold.alias(FOLD))
        .group_by("name", FOLD)
        .agg(
            pl.len().alias("rows"), *((pl.col("answer") == c).sum().alias(f"class {i}") for i, c in enumerate(classes))
        )
        .collect(engine="streaming")
        .sort("name", FOLD)
    )


def _step(config: Target, column: str, classes: Sequence[str], counts: pl.DataFrame, without: int | None) -> Step:
    """The encoding of one column, learned from all folds but one."""
    part = counts.filter(pl.col(FOLD) != without) if without is not None else counts
    names = [column] if len(classes) == 1 else derived(column, list(classes))
    outputs = [_output(config, name, f"class {i}", part) for i, name in enumerate(names)]
    return {"op": "codes", "column": column, "outputs": outputs}


def _output(config: Target, name: str, of_class: str, counts: pl.DataFrame) -> dict[str, Any]:
    prior = float(counts[of_class].sum()) / max(1, int(counts["rows"].sum()))
    sums = counts.group_by("name").agg(pl.col("rows", of_class).sum()).sort("name")
    codes: dict[str | None, float] = {
        value: (of + config.smoothing * prior) / (rows + config.smoothing)
        for value, rows, of in sums.select("name", "rows", of_class).iter_rows()
    }
    missing = codes.pop(None, prior)
    return {"name": name, "codes": codes, "missing": missing, "unseen": prior}
