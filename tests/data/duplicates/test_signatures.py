"""Signatures: what they promise of pairs, and the same numbers whichever way and in whatever batch."""

from collections.abc import Iterator

import numpy as np
import pytest

from shipworthy.data.duplicates import minhash, signatures
from shipworthy.data.duplicates.ragged_array import RaggedArray, offsets_from_lengths
from shipworthy.data.duplicates.schema import MinHash
from shipworthy.data.duplicates.shingles import mix_bits, odd_constants
from shipworthy.data.duplicates.signatures import EMPTY, SIGNATURES, by_bins, by_permutations

CONFIG = MinHash(permutations=16, bands=4)
PERMUTATIONS, BINS = SIGNATURES


def ragged(rows: list[np.ndarray]) -> RaggedArray:
    return RaggedArray(np.concatenate(rows), offsets_from_lengths(np.array([len(row) for row in rows])))


def drawn(rng: np.random.Generator, count: int) -> np.ndarray:
    """Distinct hashes of 63 bits, ascending."""
    return np.unique(mix_bits(rng.integers(0, 2**63, count, np.uint64)) >> np.uint64(1)).astype(np.int64)


def sets(lengths: list[int]) -> RaggedArray:
    rng = np.random.default_rng(2)
    return ragged([drawn(rng, length) for length in lengths])


def signed(parts: signatures.Parts, count: int) -> list[list[int]]:
    """The signature of each set, by its number; each set has one."""
    found = {int(i): one.tolist() for some, lowest in parts for i, one in zip(some, lowest.T, strict=True)}
    assert sorted(found) == list(range(count))
    return [found[i] for i in range(count)]


def rows_of(some: RaggedArray) -> Iterator[np.ndarray]:
    return (some.values[low:high] for low, high in zip(some.offsets, some.offsets[1:], strict=False))


def least_of_permutations(values: np.ndarray, places: int) -> list[int]:
    """The least of a·x + b modulo 2^32, permutation by permutation, in Python's own numbers."""
    a, b = ([int(x) >> 32 for x in part] for part in odd_constants(2 * places).reshape(2, -1))
    x = [int(value) >> 31 for value in values]
    return [min(((p | 1) * one + q) % 2**32 for one in x) for p, q in zip(a, b, strict=True)]


def least_of_bins(values: np.ndarray, places: int) -> list[int]:
    """The least hash of each bin by the first round of hashes in which the bin has one, value by value."""
    lowest, salt = [EMPTY] * places, 0
    while EMPTY in lowest:
        before = list(lowest)
        for value in values.astype(np.uint64):
            added = int(mix_bits(np.full(1, salt, np.uint64))[0])
            hashed = int(mix_bits(np.array([(int(value) + added) % 2**64], np.uint64))[0]) >> 32
            x = hashed if salt else int(value) >> 31
            if before[x * places >> 32] == EMPTY:
                lowest[x * places >> 32] = min(lowest[x * places >> 32], x)
        salt += 1
    return lowest


@pytest.mark.parametrize("many", [1, 20, 10**6])
def test_a_signature_is_the_least_of_each_permutation(monkeypatch: pytest.MonkeyPatch, many: int) -> None:
    monkeypatch.setattr(signatures, "MANY_VALUES", many)
    rows = sets([90, 60, 60, 20, 7, 1])
    for values, one in zip(rows_of(rows), signed(by_permutations(rows, 16), len(rows)), strict=True):
        assert one == least_of_permutations(values, 16)


def test_a_signature_is_the_least_of_each_bin() -> None:
    rows = sets([300, 90, 60, 20, 7, 1])
    for values, one in zip(rows_of(rows), signed(by_bins(rows, 24), len(rows)), strict=True):
        assert one == least_of_bins(values, 24)


@pytest.mark.parametrize("sign", [by_permutations, by_bins])
@pytest.mark.parametrize("similarity", [0.5, 0.8])
def test_places_are_equal_as_often_as_sets_are_similar(sign: signatures.Callable, similarity: float) -> None:
    rng, rows = np.random.default_rng(3), []
    for _ in range(200):
        both = rng.permutation(drawn(rng, 400))
        shared, alone = round(len(both) * similarity), (len(both) - round(len(both) * similarity)) // 2
        rows += [np.sort(both[: shared + alone]), np.sort(np.concatenate([both[:shared], both[shared + alone :]]))]
    found = np.array(signed(sign(ragged(rows), 64), len(rows)))
    equal = (found[::2] == found[1::2]).mean(axis=1)
    assert abs(equal.mean() - similarity) < 4 * equal.std() / len(equal) ** 0.5
    assert equal.std() < 1.3 * (similarity * (1 - similarity) / 64) ** 0.5


@pytest.mark.parametrize("signature", SIGNATURES, ids=lambda one: one.name)
def test_bands_do_not_depend_on_the_way_or_the_order(
    monkeypatch: pytest.MonkeyPatch, signature: signatures.Signature
) -> None:
    rows = sets([3, 200, 48, 47, 1, 90, 12, 64, 65, 45, 44] * 80)
    monkeypatch.setattr(signatures, "MANY_VALUES", 10**6)
    whole = minhash.band_keys(rows, CONFIG, signature)
    assert whole.shape[1] == signature.covers(rows.lengths, CONFIG).sum() not in (0, len(rows))
    monkeypatch.undo()
    assert (minhash.band_keys(rows, CONFIG, signature) == whole).all()
    monkeypatch.setattr(signatures, "SETS_PER_BATCH", 30)
    monkeypatch.setattr(signatures, "VALUES_PER_BATCH", 1000)
    assert (minhash.band_keys(rows, CONFIG, signature) == whole).all()
    back = np.arange(len(rows))[::-1]
    assert (minhash.band_keys(rows.take(back), CONFIG, signature) == whole[:, ::-1]).all()


def test_every_pair_that_can_be_similar_has_a_way_in_common() -> None:
    sizes = np.arange(1, 4 * 4 * CONFIG.permutations)
    for one in sizes:
        like = sizes[(np.minimum(sizes, one) >= CONFIG.threshold * np.maximum(sizes, one))]
        both = [signature.covers(like, CONFIG) & signature.covers(np.array([one]), CONFIG) for signature in SIGNATURES]
        assert np.logical_or(*both).all(), one
