"""Every step's rows are fixed beforehand; rows in a batch do not touch one another."""

from collections import Counter

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.train.lightning.batches import Row, collate, loader, plan


@given(st.lists(st.integers(1, 60), min_size=4, max_size=90), st.integers(1, 4), st.integers(1, 60), st.integers(0, 9))
def test_each_row_is_seen_as_often_as_any_other(lengths: list[int], size: int, steps: int, seed: int) -> None:
    batches = plan(lengths, size, steps, seed)
    assert [len(batch) for batch in batches] == [size] * steps
    seen = Counter(row for batch in batches for row in batch)
    counts = [seen[row] for row in range(len(lengths))]
    assert max(counts) - min(counts) <= 1
    assert batches == plan(lengths, size, steps, seed)


def test_batches_hold_rows_of_like_length() -> None:
    lengths = [i % 50 + 1 for i in range(800)]
    padding = [max(lengths[i] for i in b) * len(b) - sum(lengths[i] for i in b) for b in plan(lengths, 16, 50, 1)]
    assert sum(padding) < 0.05 * sum(lengths)


def test_a_loader_goes_on_at_a_step() -> None:
    rows = [Row([1] * (i + 1), [2]) for i in range(12)]
    batches = plan([len(row) for row in rows], 3, 8, 0)
    whole = [batch.ids_BL for batch in loader(rows, batches, 0, 0)]
    rest = [batch.ids_BL for batch in loader(rows, batches, 5, 0)]
    assert len(rest) == 3
    assert all(torch.equal(a, b) for a, b in zip(whole[5:], rest, strict=True))


def test_only_the_answer_is_supervised() -> None:
    batch = collate([Row([5, 6, 7], [8, 2]), Row([4], [9, 2])], pad_id=0)
    assert batch.prefix_1P.shape == (1, 0)
    assert batch.ids_BL.tolist() == [[5, 6, 7, 8], [4, 9, 0, 0]]
    assert batch.mask_BL.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert batch.target_N.tolist() == [8, 2, 9, 2]
    assert list(zip(batch.row_N.tolist(), batch.column_N.tolist(), strict=True)) == [(0, 2), (0, 3), (1, 0), (1, 1)]
    assert batch.tokens == 6


def test_a_shared_prefix_stands_once() -> None:
    batch = collate([Row([1, 5, 6, 7], [8, 2]), Row([1, 5, 9], [9, 2])], pad_id=0)
    assert batch.prefix_1P.tolist() == [[1, 5]]
    assert batch.ids_BL.tolist() == [[6, 7, 8], [9, 9, 0]]
    assert list(zip(batch.row_N.tolist(), batch.column_N.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 0), (1, 1)]
    assert batch.tokens == 9


@pytest.mark.parametrize("steps", [1, 7])
def test_a_run_shorter_than_the_data_repeats_no_row(steps: int) -> None:
    batches = plan([3] * 100, 10, steps, 4)
    assert len({row for batch in batches for row in batch}) == 10 * steps
