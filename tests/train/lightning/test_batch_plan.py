"""Every step's rows are fixed beforehand, each is seen as often as any other, and the ledger says so."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.train.lightning.batch_plan import ledger, micro_batches, plan_batches


@given(st.lists(st.integers(1, 60), min_size=4, max_size=90), st.integers(1, 4), st.integers(1, 60), st.integers(0, 9))
def test_each_row_is_seen_as_often_as_any_other(lengths: list[int], size: int, steps: int, seed: int) -> None:
    batches = plan_batches(lengths, size, size * steps, seed)
    assert [len(batch) for batch in batches] == [size] * steps
    seen = Counter(row for batch in batches for row in batch)
    counts = [seen[row] for row in range(len(lengths))]
    assert max(counts) - min(counts) <= 1
    assert batches == plan_batches(lengths, size, size * steps, seed)


def test_batches_hold_rows_of_like_length() -> None:
    lengths = [i % 50 + 1 for i in range(800)]
    padding = [
        max(lengths[i] for i in b) * len(b) - sum(lengths[i] for i in b) for b in plan_batches(lengths, 16, 16 * 50, 1)
    ]
    assert sum(padding) < 0.05 * sum(lengths)


@given(st.integers(1, 40), st.integers(1, 9), st.integers(1, 5))
def test_processes_share_a_steps_rows_in_order(rows: int, size: int, world: int) -> None:
    parts = [micro_batches(list(range(rows)), size, rank, world) for rank in range(world)]
    assert [row for part in parts for packed in part for row in packed] == list(range(rows))
    assert all(len(packed) <= size for part in parts for packed in part)
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_the_ledger_knows_every_row_and_its_place() -> None:
    first = ledger("", 1, ["a", "b"])
    assert first == ledger("", 1, ["a", "b"])
    others = [ledger("", 1, ["b", "a"]), ledger("", 2, ["a", "b"]), ledger(first, 1, ["a", "b"]), ledger("", 1, ["a"])]
    assert len({first, *others}) == 5


@pytest.mark.parametrize("steps", [1, 7])
def test_a_run_shorter_than_the_data_repeats_no_row(steps: int) -> None:
    batches = plan_batches([3] * 100, 10, 10 * steps, 4)
    assert len({row for batch in batches for row in batch}) == 10 * steps


@pytest.mark.parametrize(("needed", "step", "later"), [(24, 3, 60), (24, 6, 60), (60, 4, 24), (25, 4, 75), (25, 7, 75)])
def test_a_run_that_goes_on_from_another_sees_what_is_left(needed: int, step: int, later: int) -> None:
    lengths = [1 + i % 7 for i in range(25)]
    first = plan_batches(lengths, 4, needed, 9)
    second = plan_batches(lengths, 4, later, 9, [(needed, step)])
    assert second[:step] == first[:step]
    seen = np.bincount(np.concatenate(second), minlength=25)
    assert seen.sum() == later
    if later > needed:  # else a window may have held rows of the other run's later epochs
        assert seen.max() - seen.min() <= 1
    third = plan_batches(lengths, 4, 100, 9, [(needed, step), (later, len(second) - 1)])
    assert third[: len(second) - 1] == second[:-1]
    assert set(np.bincount(np.concatenate(third), minlength=25)) == {4}


def test_a_run_that_goes_on_to_the_same_length_sees_the_same_rows_at_the_same_steps() -> None:
    lengths = [1 + i % 7 for i in range(25)]
    assert plan_batches(lengths, 4, 60, 9, [(60, 3), (60, 5)]) == plan_batches(lengths, 4, 60, 9)
