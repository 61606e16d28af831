"""Signatures: the same numbers whichever way they are computed."""

import numpy as np
import pytest

from shipworthy.data.duplicates import minhash
from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths
from shipworthy.data.duplicates.schema import MinHash
from shipworthy.data.duplicates.shingles import odd_constants

CONFIG = MinHash(permutations=16, bands=4)


def sets(lengths: list[int]) -> RaggedArray:
    rng = np.random.default_rng(2)
    values = [np.sort(rng.choice(2**40, length, replace=False).astype(np.int64) << 20) for length in lengths]
    return RaggedArray(np.concatenate(values), offsets_from_lengths(np.array(lengths)))


def plain(values: np.ndarray, permutations: int) -> list[int]:
    """The least of a·x + b modulo 2^32, permutation by permutation, in Python's own numbers."""
    a, b = ([int(x) >> 32 for x in part] for part in odd_constants(2 * permutations).reshape(2, -1))
    x = [int(value) >> 31 for value in values]
    return [min(((p | 1) * one + q) % 2**32 for one in x) for p, q in zip(a, b, strict=True)]


@pytest.mark.parametrize("long", [1, 20, 10**6])
def test_a_signature_is_the_least_of_each_permutation(monkeypatch: pytest.MonkeyPatch, long: int) -> None:
    monkeypatch.setattr(minhash, "LONG_SHINGLES", long)
    rows = sets([90, 60, 60, 20, 7, 1])
    found = {i: one for some, lowest in minhash._signatures(rows, 16) for i, one in zip(some, lowest.T, strict=True)}
    assert sorted(found) == list(range(len(rows)))
    for i, one in found.items():
        assert one.tolist() == plain(rows.values[rows.offsets[i] : rows.offsets[i + 1]], 16), i


def test_bands_do_not_depend_on_the_way_or_the_order(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths = [3, 200, 48, 47, 0, 1, 90, 12] * 80
    rows = sets(lengths)
    monkeypatch.setattr(minhash, "LONG_SHINGLES", 10**6)
    short = minhash.band_keys(rows, CONFIG)
    monkeypatch.undo()
    assert (minhash.band_keys(rows, CONFIG) == short).all()
    monkeypatch.setattr(minhash, "TEXTS_PER_BATCH", 30)
    monkeypatch.setattr(minhash, "SHINGLES_PER_BATCH", 1000)
    assert (minhash.band_keys(rows, CONFIG) == short).all()
    back = np.arange(len(rows))[::-1]
    assert (minhash.band_keys(rows.take(back), CONFIG) == short[:, back]).all()
