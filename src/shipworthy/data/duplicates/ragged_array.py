"""Rows of different lengths in one flat array, as in Awkward Array or TensorFlow's RaggedTensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
LONG_ROW = 60
"""Rows of so many values on average are copied faster one by one than value by value."""


@dataclass(frozen=True)
class RaggedArray:
    """n rows of values, one after the other.

    Attributes:
        values: shape (total,).
        offsets: shape (n + 1,), where each row begins, and where the last one ends.
    """

    values: NDArray[Any]
    offsets: IntArray

    def __len__(self) -> int:
        return len(self.offsets) - 1

    @property
    def lengths(self) -> IntArray:
        """How many values each row has; shape (n,)."""
        return np.diff(self.offsets)

    def take(self, rows: NDArray[Any]) -> "RaggedArray":
        """The rows of these numbers, in that order."""
        offsets = offsets_from_lengths(self.offsets[rows + 1] - self.offsets[rows])
        if offsets[-1] < LONG_ROW * len(rows):
            return RaggedArray(self._gathered(rows, offsets), offsets)
        result = RaggedArray(np.empty(offsets[-1], self.values.dtype), offsets)
        self.copy(rows, result, np.arange(len(rows)))
        return result

    def copy(self, rows: NDArray[Any], target: "RaggedArray", places: NDArray[Any]) -> None:
        """Writes the rows of these numbers over the target's rows in these places, which have the same lengths."""
        starts, stops, into = self.offsets[rows], self.offsets[rows + 1], target.offsets[places]
        offsets = offsets_from_lengths(stops - starts)
        if offsets[-1] < LONG_ROW * len(rows):
            moved = np.arange(offsets[-1]) + np.repeat(into - offsets[:-1], stops - starts)
            target.values[moved] = self._gathered(rows, offsets)
            return
        for start, stop, to in zip(starts.tolist(), stops.tolist(), into.tolist(), strict=True):
            target.values[to : to + stop - start] = self.values[start:stop]

    def _gathered(self, rows: NDArray[Any], offsets: IntArray) -> NDArray[Any]:
        """The values of some rows, which begin in the result at `offsets`."""
        places = np.arange(offsets[-1]) + np.repeat(self.offsets[rows] - offsets[:-1], np.diff(offsets))
        gathered: NDArray[Any] = self.values[places]
        return gathered


def offsets_from_lengths(lengths: NDArray[Any]) -> IntArray:
    """The offsets of rows of these lengths: shape (n + 1,)."""
    offsets = np.zeros(len(lengths) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    return offsets


def batch_bounds(offsets: IntArray, size: int) -> Iterator[tuple[int, int]]:
    """Ranges (from, to) of rows that hold about `size` values each, at least one row."""
    low, rows = 0, len(offsets) - 1
    while low < rows:
        high = max(low + 1, int(np.searchsorted(offsets, offsets[low] + size, side="right")) - 1)
        yield low, high
        low = high
