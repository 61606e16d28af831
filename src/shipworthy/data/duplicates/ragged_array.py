"""Rows of different lengths in one flat array, as in Awkward Array or TensorFlow's RaggedTensor."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]


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
        starts, lengths = self.offsets[rows], self.offsets[rows + 1] - self.offsets[rows]
        offsets = offsets_from_lengths(lengths)
        places = np.arange(offsets[-1]) + np.repeat(starts - offsets[:-1], lengths)
        return RaggedArray(self.values[places], offsets)


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
