"""From a table to the features of a linear model: sparse where columns hold names, so that memory grows with the rows.

Shapes: N rows, F features.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import polars as pl
from scipy import sparse

from shipworthy.core.errors import ArtifactError
from shipworthy.models import rows as read

Features: TypeAlias = Any
"""An array or a sparse matrix (scipy has no types)."""
ROWS_AT_ONCE = 50_000
"""Rows that are encoded at once to be predicted."""


@dataclass(frozen=True)
class Encoding:
    """What train shows of each column.

    Attributes:
        categories: column → the names that have a feature each, in sorted order; a missing one, and one that train
            lacked, counts as none.
        numbers: column → (median, mean, scale); a missing number becomes the median.
        others: columns of more names than get a feature each: all their other names share one more feature.
    """

    categories: dict[str, list[str]]
    numbers: dict[str, tuple[float, float, float]]
    others: list[str] = field(default_factory=list)

    @staticmethod
    def of(train: pl.DataFrame, most: int) -> "Encoding":
        """Reads train.

        Args:
            most: the most names of a column that get a feature of their own: the most frequent ones.
        """
        names = read.categorical(train)
        categories: dict[str, list[str]] = {}
        others: list[str] = []
        for name in names:
            counts = train[name].cast(pl.String).drop_nulls().alias("name").value_counts(name="rows")
            if counts.height > most:
                counts = counts.sort(["rows", "name"], descending=[True, False]).head(most)
                others.append(name)
            categories[name] = sorted(counts["name"])
        numbers = {name: _scale(train[name]) for name in read.features(train) if name not in categories}
        return Encoding(categories, numbers, others)

    @property
    def width(self) -> int:
        """F."""
        return sum(map(len, self.categories.values())) + len(self.others) + len(self.numbers)

    def encode(self, rows: pl.DataFrame) -> Features:
        """Shape (N, F): an array where all columns are numbers, else a sparse matrix."""
        table = read.select(rows, [*self.categories, *self.numbers])
        scaled_NF = np.empty((table.height, len(self.numbers)))
        for place, (name, (median, mean, scale)) in enumerate(self.numbers.items()):
            filled = table[name].cast(pl.Float64).fill_nan(None).fill_null(median)
            scaled_NF[:, place] = (filled.to_numpy() - mean) / scale
        if not self.categories:
            return scaled_NF
        encoded = sparse.hstack([*self._one_hot(table), sparse.csr_matrix(scaled_NF)], format="csr")
        encoded.sort_indices()
        return encoded

    def blocks(self, rows: pl.DataFrame) -> Iterator[Features]:
        """The same in parts, one after the other."""
        yield from (self.encode(rows[start : start + ROWS_AT_ONCE]) for start in range(0, rows.height, ROWS_AT_ONCE))

    def _one_hot(self, table: pl.DataFrame) -> Iterator[sparse.csr_matrix]:
        """Of each column of names a matrix with at most one 1 in a row."""
        for name, known in self.categories.items():
            other = len(known) if name in self.others else None
            codes = read.codes(table[name], known, other)
            starts = np.concatenate([[0], np.cumsum(codes.is_not_null().to_numpy())])
            yield sparse.csr_matrix(
                (np.ones(int(starts[-1])), codes.drop_nulls().to_numpy(), starts),
                shape=(table.height, len(known) + (other is not None)),
            )


def _scale(column: pl.Series) -> tuple[float, float, float]:
    values = column.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
    if not len(values):
        raise ArtifactError(f"Column {column.name} of train holds no number at all: drop it in the data config.")
    return float(np.median(values)), float(values.mean()), float(values.std()) or 1.0
