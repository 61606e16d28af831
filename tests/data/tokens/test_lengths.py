"""What lengths cost, from how many rows have which: as if every row were looked at."""

from itertools import product

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.tokens import lengths

ROWS = st.lists(st.integers(1, 30), min_size=1, max_size=40)


def counts(rows: list[int]) -> lengths.Counts:
    return np.bincount(rows).astype(np.int64)


def best_fit(rows: list[int], capacity: int) -> int:
    """Sequences that best fit, longest first, opens, row by row."""
    room: list[int] = []
    for row in sorted(rows, reverse=True):
        fitting = [i for i, space in enumerate(room) if space >= row]
        if fitting:
            room[min(fitting, key=lambda i: room[i])] -= row
        else:
            room.append(capacity - row)
    return len(room)


@given(ROWS, st.integers(30, 64))
@settings(max_examples=60, deadline=None)
def test_packs_are_as_full_as_row_by_row(rows: list[int], capacity: int) -> None:
    assert lengths.packing(counts(rows), capacity) == pytest.approx(sum(rows) / (best_fit(rows, capacity) * capacity))


@given(ROWS, st.integers(1, 9))
@settings(max_examples=40, deadline=None)
def test_padding_of_rows_in_the_order_of_their_length(rows: list[int], size: int) -> None:
    (entry,) = lengths.waste(counts(rows), [30], [size])
    ordered = sorted(rows)
    computed = sum(len(part) * max(part) for part in (ordered[i : i + size] for i in range(0, len(ordered), size)))
    assert entry["sorted"] == pytest.approx(1 - sum(rows) / computed, abs=1e-6)
    assert entry["fixed"] == pytest.approx(1 - sum(rows) / (len(rows) * 30), abs=1e-6)


def test_padding_of_batches_drawn_at_random() -> None:
    rows = [1, 4, 4, 9]
    (entry,) = lengths.waste(counts(rows), [10], [3])
    longest = np.mean([max(batch) for batch in product(rows, repeat=3)])
    assert entry["random"] == pytest.approx(1 - np.mean(rows) / longest, abs=1e-6)


def test_rows_beyond_a_length_are_left_out_of_its_batches() -> None:
    by_length = {entry["length"]: entry["rows"] for entry in lengths.waste(counts([2, 3, 50]), [1, 10, 60], [2])}
    assert by_length == {10: 2, 60: 3}


def test_shares_that_each_length_cuts() -> None:
    found = lengths.truncation({"train": counts([5, 6, 6, 7]), "test": counts([1])}, [5, 6, 7])
    assert [(line["train"], line["test"]) for line in found] == [(0.75, 0), (0.25, 0), (0, 0)]


def test_quantiles_are_those_of_the_rows() -> None:
    rows = [3, 3, 4, 10, 200]
    about = lengths.summary(counts(rows))
    assert (about["rows"], about["tokens"], about["mean"]) == (5, 220, 44)
    assert [about[name] for name in ("min", "median", "p95", "max")] == [3, 4, 200, 200]
    assert sum(bar[2] for bar in about["histogram"]) == 5
    assert len(about["histogram"]) <= lengths.BINS


def test_the_answers_of_the_test_split_are_not_looked_at() -> None:
    rows = pl.DataFrame(
        {
            "split": ["train", "test", "test"],
            "prompt_ids": [[1, 2], [1, 2], [1]],
            "answer_ids": [[3], [3] * 50, [3] * 90],
            "service": ["s3", "s3", "ec2"],
        }
    )
    found = lengths.histograms(rows.lazy())
    assert {split: c.nonzero()[0].tolist() for split, c in found.items()} == {"train": [3], "test": [1, 2]}
    assert lengths.by_column(rows.lazy(), "service") == [
        {"value": "s3", "rows": 1, "mean": 3, "median": 3, "p95": 3, "max": 3}
    ]
