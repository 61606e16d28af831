"""Texts that are equal character by character."""

from collections.abc import Iterator

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.column_index import first_equal

BATCH_ROWS = 20_000


def first_identical(rows: pl.LazyFrame, column: str) -> NDArray[np.int32]:
    """For each of n rows the lowest row with the same text; a missing text equals no other; shape (n,).

    Texts are compared by two 64-bit hashes.
    """
    missing: list[NDArray[np.bool_]] = []

    def frames() -> Iterator[pl.DataFrame]:
        for frame in rows.select(column).collect_batches(chunk_size=BATCH_ROWS, maintain_order=True, lazy=True):
            missing.append(frame[column].is_null().to_numpy())
            yield frame

    result: NDArray[np.int32] = first_equal(frames(), [column])
    alone = np.flatnonzero(np.concatenate([np.zeros(0, np.bool_), *missing]))
    result[alone] = alone
    return result
