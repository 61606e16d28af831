"""Pairs from buckets: all of small ones, a few of large ones."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates import buckets
from shipworthy.data.duplicates.buckets import NEIGHBOURS, candidate_pairs


@settings(deadline=None)
@given(st.lists(st.integers(0, 2**32 - 1).map(lambda x: x % 5 if x % 2 else x), max_size=40))
def test_small_buckets_are_paired_fully(keys: list[int]) -> None:
    proposed = candidate_pairs(np.array(keys, np.uint32))
    found = [(int(i), int(j)) for left, right in proposed for i, j in zip(left, right, strict=True)]
    expected = {(i, j) for i, j in combinations(range(len(keys)), 2) if keys[i] == keys[j]}
    assert len(found) == len(set(found))
    if max((keys.count(k) for k in keys), default=0) <= NEIGHBOURS + 1:
        assert set(found) == expected
    else:
        assert set(found) <= expected


def test_large_buckets_cost_no_square() -> None:
    n = 5000
    found = [np.stack(pair) for pair in candidate_pairs(np.full(n, 7, np.uint32))]
    every = np.concatenate(found, axis=1)
    assert every.shape[1] < (NEIGHBOURS + 1) * n
    assert set(every[1][every[0] == 0].tolist()) == set(range(1, n))
    assert (every[0] < every[1]).all()


def test_pairs_are_the_same_in_any_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.random.default_rng(1).integers(0, 9, 700).astype(np.uint32)

    def found() -> set[tuple[int, int]]:
        pairs = [
            pair for left, right in candidate_pairs(keys) for pair in zip(left.tolist(), right.tolist(), strict=True)
        ]
        assert len(pairs) == len(set(pairs))
        return set(pairs)

    whole = found()
    for block in (1, 33, 250):
        monkeypatch.setattr(buckets, "BLOCK", block)
        assert found() == whole
