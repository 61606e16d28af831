"""A table of a benchmark: its rows in train, validation and test."""

from dataclasses import dataclass

import numpy as np
import polars as pl

SHARES = (0.7, 0.1)


@dataclass(frozen=True)
class BenchTable:
    """Features and `answer` (str), with `id`, `cluster` and `split` as in a dataset.

    Attributes:
        rows: all of them.
    """

    rows: pl.DataFrame

    @property
    def features(self) -> dict[str, pl.DataType]:
        """Feature → its type."""
        hidden = {"id", "cluster", "split", "answer"}
        return {name: kind for name, kind in self.rows.schema.items() if name not in hidden}

    def split(self, name: str) -> pl.DataFrame:
        """The rows of `train`, `validation` or `test`."""
        return self.rows.filter(split=name).drop("split")


def divided(rows: pl.DataFrame, seed: int, *, by_time: str = "") -> BenchTable:
    """70% train, 10% validation, 20% test; rows with equal features stay together.

    Args:
        rows: features and `answer`.
        by_time: a column by which the first rows are train and the last ones test (empty: at random).
    """
    features = [name for name in rows.columns if name != "answer"]
    rows = rows.with_row_index("_row").with_columns(cluster=pl.col("_row").min().over(features))
    if by_time:
        place = rows[by_time].rank("dense").to_numpy().astype(float)
        place /= place.max()
    else:
        draws = np.random.default_rng(seed).random(rows.height)
        place = draws[rows["cluster"].to_numpy()]
    names = np.array(["train", "validation", "test"])
    split = names[np.searchsorted(np.cumsum(SHARES), place, side="right")]
    ids = pl.format("row-{}", pl.col("_row").cast(pl.String).str.zfill(8)).alias("id")
    made = rows.select(ids, pl.format("row-{}", pl.col("cluster").cast(pl.String).str.zfill(8)).alias("cluster"),
                       pl.Series("split", split), *features, "answer")  # fmt: skip
    return BenchTable(made)
