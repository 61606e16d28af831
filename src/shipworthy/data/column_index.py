"""Equal rows found from hashes of their values: 16 bytes of memory per row, independent of the columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import polars as pl

Rows = np.ndarray[Any, Any]
SEEDS = (1, 2)
"""Of two hashes of 64 bits: two values share both with a chance of about 1 to 10^25 among five million."""
AT_ONCE = 1 << 18


def first_equal(frames: Iterable[pl.DataFrame], columns: Sequence[str]) -> Rows:
    """For each row the first one with the same values in all of `columns` (null equals null): shape (n,), int32."""
    hashes: tuple[list[Rows], list[Rows]] = ([], [])
    # A struct is hashed by its encoded rows, ten times as slow as the column itself.
    keys = pl.struct(columns) if len(columns) > 1 else pl.col(*columns)
    for frame in frames:
        for part, seed in zip(hashes, SEEDS, strict=True):
            part.append(frame.select(keys.hash(seed)).to_series().to_numpy())
    return first_of(*(_joined(part) for part in hashes))


def _joined(parts: list[Rows]) -> Rows:
    """The parts in one array; the list is emptied, so that nothing is held twice."""
    whole = np.concatenate([np.zeros(0, np.uint64), *parts])
    parts.clear()
    return whole


def first_of(high: Rows, low: Rows) -> Rows:
    """For each row the first one with the same pair of numbers: shape (n,), int32."""
    result = np.arange(len(high), dtype=np.int32)
    ordered = np.sort(high)
    again = np.unique(ordered[1:][ordered[1:] == ordered[:-1]])
    del ordered
    if not len(again):
        return result
    rows = _rows_of(again, high)  # those that are not alone: mostly few
    rows = rows[np.lexsort((low[rows], high[rows]))]  # stable: of equal ones the first row comes first
    starts = np.ones(len(rows), dtype=bool)
    starts[1:] = (high[rows[1:]] != high[rows[:-1]]) | (low[rows[1:]] != low[rows[:-1]])
    result[rows] = rows[np.flatnonzero(starts)][np.cumsum(starts) - 1]
    return result


def _rows_of(wanted: Rows, numbers: Rows) -> Rows:
    """The rows whose number is one of `wanted` (ascending)."""
    found = []
    for start in range(0, len(numbers), AT_ONCE):
        some = numbers[start : start + AT_ONCE]
        place = np.searchsorted(wanted, some)
        place[place == len(wanted)] = 0
        found.append(start + np.flatnonzero(wanted[place] == some))
    return np.concatenate(found)


def sparse(labels: Rows) -> tuple[Rows, Rows]:
    """The rows whose label is another row, and their labels."""
    rows = np.flatnonzero(labels != np.arange(len(labels)))
    return rows, labels[rows]
