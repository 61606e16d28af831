"""Signatures of sets: any place of two sets' signatures is equal with the probability of their Jaccard similarity.

Sets are signed by permutations where they are short, and by bins where they are long, which costs them one hash of each
value in place of one for each place of the signature. Similar sets have similar sizes: of a pair that reaches a
similarity s, the smaller has at least s times the values of the larger. So sets of a middle size are signed both ways,
and every pair that matters has a way in common.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds
from shipworthy.data.duplicates.schema import MinHash
from shipworthy.data.duplicates.shingles import mix_bits, odd_constants

# How much is computed at once: arrays that stay in a core's cache, and calls of numpy so long that threads, which need
# Python's lock between two of them, seldom wait for it. Short sets by number, long ones by their values.
SETS_PER_BATCH = 1024
VALUES_PER_BATCH = 1 << 18
# Sets with at least this many values are signed permutation by permutation: 3 to 4 times as fast there.
MANY_VALUES = 48
LONG = 4
"""Times the places of a signature: with so many values a second hash of each is seldom needed to fill all bins."""
EMPTY = np.iinfo(np.uint32).max

Parts = Iterator[tuple[NDArray[Any], NDArray[np.uint32]]]
"""The numbers of some sets and their signatures, shape (places, sets), until all have had their turn."""


@dataclass(frozen=True)
class Signature:
    """A way to sign sets.

    Attributes:
        name: of the way.
        sign: gives the signatures of sets, with so many places.
        covers: which of n sets, by their sizes (values), are signed this way: shape (n,).
    """

    name: str
    sign: Callable[[RaggedArray, int], Parts]
    covers: Callable[[NDArray[Any], MinHash], NDArray[np.bool_]]


def by_permutations(sets: RaggedArray, places: int) -> Parts:
    """The least value of each permutation of the values.

    The permutations are x → a·x + b modulo 2^32 with odd a, of the values' upper 32 bits (Dietzfelbinger et al. 1997),
    as datasketch 2 has them by default.
    """
    a, b = (odd_constants(2 * places).reshape(2, -1, 1) >> np.uint64(32)).astype(np.uint32)
    a |= np.uint32(1)
    many = np.flatnonzero(sets.lengths >= MANY_VALUES)
    for numbers, part in _batches(sets, many):
        yield numbers, _permutation_by_permutation(part, a, b)
    few = np.flatnonzero(sets.lengths < MANY_VALUES)
    few = few[np.argsort(-sets.lengths[few], kind="stable")]
    for low in range(0, len(few), SETS_PER_BATCH):
        some = few[low : low + SETS_PER_BATCH]
        yield some, _value_by_value(sets, some, a, b)


def by_bins(sets: RaggedArray, places: int) -> Parts:
    """The least hash in each of as many bins; bins that stay empty are filled by further hashes of the same values.

    Fast similarity sketching, Dahlgaard, Knudsen, Thorup, FOCS 2017. The first hash is the value itself.
    """
    for numbers, part in _batches(sets, np.arange(len(sets))):
        lowest = np.full((len(part), places), EMPTY, np.uint32)
        # Values are sorted: the first one in a bin is the least.
        upper, bins = _in_bins(part.values.view(np.uint64) >> np.uint64(31), part, places)
        first = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(bins[1:] != bins[:-1]) + 1])
        lowest.reshape(-1)[bins[first]] = upper[first]
        left, salt = np.flatnonzero((lowest == EMPTY).any(axis=1)), np.uint64(0)
        while len(left):
            salt += np.uint64(1)
            some = part.take(left)
            hashes = mix_bits(some.values.view(np.uint64) + mix_bits(np.full(1, salt))) >> np.uint64(32)
            upper, bins = _in_bins(hashes, some, places)
            filling = np.full(len(left) * places, EMPTY, np.uint32)
            np.minimum.at(filling, bins, upper)
            lowest[left] = np.where(lowest[left] == EMPTY, filling.reshape(-1, places), lowest[left])
            left = left[(lowest[left] == EMPTY).any(axis=1)]
        yield numbers, lowest.T


SIGNATURES = (
    Signature("permutations", by_permutations, lambda sizes, config: sizes <= LONG * config.permutations),
    Signature("bins", by_bins, lambda sizes, config: sizes >= config.threshold * LONG * config.permutations),
)


def _batches(sets: RaggedArray, numbers: NDArray[Any]) -> Iterator[tuple[NDArray[Any], RaggedArray]]:
    """Some of the sets, about `VALUES_PER_BATCH` values at a time, with their numbers."""
    chosen = sets if len(numbers) == len(sets) else sets.take(numbers)
    for low, high in batch_bounds(chosen.offsets, VALUES_PER_BATCH):
        offsets = chosen.offsets[low : high + 1]
        yield numbers[low:high], RaggedArray(chosen.values[offsets[0] : offsets[-1]], offsets - offsets[0])


def _in_bins(hashes: NDArray[np.uint64], sets: RaggedArray, places: int) -> tuple[NDArray[np.uint32], NDArray[Any]]:
    """Hashes of 32 bits, and the bin of each among those of all sets."""
    bins = (hashes * np.uint64(places) >> np.uint64(32)).view(np.int64)
    bins += np.repeat(np.arange(0, len(sets) * places, places), sets.lengths)
    return hashes.astype(np.uint32), bins


def _permutation_by_permutation(sets: RaggedArray, a: NDArray[np.uint32], b: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """All values of all sets at once; none of the sets is empty."""
    lowest = np.empty((len(a), len(sets)), np.uint32)
    x = (sets.values >> 31).astype(np.uint32)
    one = np.empty_like(x)
    for k in range(len(a)):
        np.multiply(x, a[k], out=one)
        np.add(one, b[k], out=one)
        np.minimum.reduceat(one, sets.offsets[:-1], out=lowest[k])
    return lowest


def _value_by_value(
    sets: RaggedArray, some: NDArray[Any], a: NDArray[np.uint32], b: NDArray[np.uint32]
) -> NDArray[np.uint32]:
    """All permutations of the sets that have a k-th value: they come first, sorted by length."""
    places, starts, lengths = len(a), sets.offsets[some], sets.lengths[some]
    with_k = np.searchsorted(-lengths, -np.arange(lengths[0]), side="left")
    lowest = np.full((places, len(some)), EMPTY, np.uint32)
    one = np.empty_like(lowest)
    for k, count in enumerate(with_k.tolist()):
        x = (sets.values[starts[:count] + k] >> 31).astype(np.uint32)
        np.multiply(a, x, out=one[:, :count])
        one[:, :count] += b
        np.minimum(lowest[:, :count], one[:, :count], out=lowest[:, :count])
    return lowest
