"""Rows of a ragged array are taken and copied alike, value by value or row by row."""

import numpy as np
import pytest

from shipworthy.data.duplicates import ragged_array
from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths


def rows_of(some: RaggedArray) -> list[list[int]]:
    return [some.values[low:high].tolist() for low, high in zip(some.offsets, some.offsets[1:], strict=False)]


@pytest.mark.parametrize("long", [0, 60, 10**9])
def test_rows_are_taken_and_copied(monkeypatch: pytest.MonkeyPatch, long: int) -> None:
    monkeypatch.setattr(ragged_array, "LONG_ROW", long)
    lengths = np.array([3, 0, 1, 200, 2, 0])
    every = RaggedArray(np.arange(lengths.sum()), offsets_from_lengths(lengths))
    rows = rows_of(every)
    for chosen in ([], [1], [3, 0, 3], [5, 4, 3, 2, 1, 0]):
        assert rows_of(every.take(np.array(chosen, int))) == [rows[i] for i in chosen]
    places = np.array([5, 0, 2, 1, 4, 3])
    target = RaggedArray(np.full(lengths.sum(), -1), offsets_from_lengths(lengths[np.argsort(places)]))
    every.copy(np.array([3, 0, 4]), target, places[[3, 0, 4]])
    copied = rows_of(target)
    assert [copied[places[i]] for i in (3, 0, 4)] == [rows[3], rows[0], rows[4]]
    assert copied[places[2]] == [-1]
