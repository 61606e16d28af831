"""The bound that bitmaps give excludes no pair that is similar enough, and most of the others."""

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths
from shipworthy.data.duplicates.set_bitmaps import Bounds, bitmaps
from shipworthy.data.duplicates.shingles import shingle_sets, word_hashes

SETS = st.lists(st.frozensets(st.integers(0, 2**63 - 1).map(lambda x: (x % 40) << 55 if x % 3 else x)), max_size=12)


def bounds_of(sets: list[list[int]], minimum: float) -> Bounds:
    rows = RaggedArray(
        np.array([v for one in sets for v in one], np.int64), offsets_from_lengths(np.array([*map(len, sets)]))
    )
    return Bounds.of(bitmaps(rows), rows.lengths, minimum)


@settings(deadline=None)
@given(SETS, st.sampled_from([0.1, 0.5, 0.7, 0.95, 1.0]))
def test_no_pair_that_is_similar_enough_is_excluded(sets: list[frozenset[int]], minimum: float) -> None:
    rows = [sorted(one) for one in sets]
    known = bounds_of(rows, minimum)
    every = np.array([(i, j) for i in range(len(rows)) for j in range(len(rows))], np.int64).reshape(-1, 2)
    possible = known.possible(every[:, 0], known, every[:, 1])
    for (i, j), allowed in zip(every.tolist(), possible.tolist(), strict=True):
        together = len(sets[i] | sets[j])
        if together and len(sets[i] & sets[j]) / together >= minimum:
            assert allowed
    if len(rows) > 1:  # neighbours, as slices
        expected = known.possible(np.arange(len(rows) - 1), known, np.arange(1, len(rows)))
        assert (known.possible(slice(0, -1 + len(rows)), known, slice(1, len(rows))) == expected).all()


def test_texts_that_share_half_their_words_are_excluded() -> None:
    texts = pl.Series(
        [f"one sentence that all of them share for case {i * 7} of {i * 31} in {i * 13}" for i in range(500)]
    )
    sets = shingle_sets(word_hashes(texts), 2)
    known = Bounds.of(bitmaps(sets), sets.lengths, 0.7)
    assert known.possible(slice(0, 499), known, slice(1, 500)).mean() < 0.02
