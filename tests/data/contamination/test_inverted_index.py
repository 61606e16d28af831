"""N-grams lead to the lowest texts that hold them, however they are sorted."""

import numpy as np
import pytest

from shipworthy.data.contamination import inverted_index
from shipworthy.data.contamination.inverted_index import Postings
from shipworthy.data.duplicates.buckets import NEIGHBOURS


@pytest.mark.parametrize("at_once", [1, 60, 1 << 20])
def test_each_ngram_leads_to_its_lowest_places(monkeypatch: pytest.MonkeyPatch, at_once: int) -> None:
    monkeypatch.setattr(inverted_index, "HASHES_AT_ONCE", at_once)
    draw = np.random.default_rng(0)
    known = draw.integers(0, 2**64, 30, dtype=np.uint64)
    hashes = known[np.minimum(draw.geometric(0.1, 1500), 29)]
    texts, places = np.sort(draw.integers(0, 90, 1500)).astype(np.int32), np.arange(1500, dtype=np.int32)
    postings = Postings(hashes, texts, places)
    asked = np.concatenate([known, draw.integers(0, 2**64, 50, dtype=np.uint64)])
    found, first, count = postings.find(asked)
    assert set(asked[found].tolist()) == set(hashes.tolist())
    for position, low, n in zip(found.tolist(), first.tolist(), count.tolist(), strict=True):
        own = np.flatnonzero(hashes == asked[position])[:NEIGHBOURS]
        assert postings.places[low : low + n].tolist() == places[own].tolist()
        assert postings.texts[low : low + n].tolist() == texts[own].tolist()


def test_without_ngrams_nothing_is_found() -> None:
    empty = np.zeros(0, np.int32)
    found, first, count = Postings(np.zeros(0, np.uint64), empty, empty).find(np.arange(5, dtype=np.uint64))
    assert (len(found), len(first), len(count)) == (0, 0, 0)
