"""Texts that are equal character by character, by two 64-bit hashes."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.column_index import SEEDS, first_of

BATCH_ROWS = 20_000
TABLE_BITS = 20


class IdenticalTexts:
    """Finds equal texts while they are read; 16 bytes of memory for each."""

    def __init__(self) -> None:
        self._hashes: list[NDArray[np.uint64]] = []
        self._missing: list[NDArray[np.bool_]] = []
        self._seen = np.zeros((2, 1 << TABLE_BITS), np.uint64)

    def add(self, texts: pl.Series) -> NDArray[np.bool_]:
        """Which of the next k texts are not known to have stood before: shape (k,).

        The first of equal ones is always among them, as is a missing text; after millions of others a later one is
        sometimes, too, for the table of those that were seen is of a fixed size.
        """
        both = np.stack([texts.hash(seed).to_numpy() for seed in SEEDS])
        missing = texts.is_null().to_numpy()
        self._hashes.append(both)
        self._missing.append(missing)
        slots = both[0] >> np.uint64(64 - TABLE_BITS)
        seen = (self._seen[:, slots] == both).all(axis=0) | (first_of(*both) != np.arange(len(texts)))
        self._seen[:, slots] = both
        new: NDArray[np.bool_] = missing | ~seen
        return new

    def first(self) -> NDArray[np.int32]:
        """For each of all n texts the first one that is equal; a missing text equals no other: shape (n,)."""
        both = np.concatenate([np.zeros((2, 0), np.uint64), *self._hashes], axis=1)
        self._hashes.clear()
        result: NDArray[np.int32] = first_of(*both)
        alone = np.flatnonzero(np.concatenate([np.zeros(0, np.bool_), *self._missing]))
        result[alone] = alone
        return result


def first_identical(rows: pl.LazyFrame, column: str) -> NDArray[np.int32]:
    """For each of n rows the lowest row with the same text; a missing text equals no other; shape (n,)."""
    identical = IdenticalTexts()
    for texts in batches(rows, column):
        identical.add(texts)
    return identical.first()


def batches(rows: pl.LazyFrame, column: str) -> Iterator[pl.Series]:
    """The texts of the rows, in order, at most `BATCH_ROWS` at a time."""
    for frame in rows.select(column).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
        yield frame[column]
