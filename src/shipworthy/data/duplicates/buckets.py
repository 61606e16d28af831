"""Candidate pairs from the buckets of a hash table, at most about 32 per member however large a bucket is."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.set_bitmaps import Bounds

Members = NDArray[Any]
Pairs = tuple[Members, Members]

# In buckets of up to NEIGHBOURS + 1 members all pairs are made. In larger ones each member is paired with the first and
# with its NEIGHBOURS next ones. Members are numbered by the hash of their text, so the pairs are the same for any order
# of the rows.
NEIGHBOURS = 32
BLOCK = 1 << 18
"""Members whose pairs are made at once."""
TOGETHER = (1, 4)
"""Distances up to which pairs are handed over together; those of distance 1 first, for where all of a bucket are alike
they are then known to be one component."""


def candidate_pairs(keys: NDArray[np.uint32], bounds: Callable[[Members], Bounds] | None = None) -> Iterator[Pairs]:
    """Pairs of members with equal keys; of a part of the members, those of neighbours come first.

    Args:
        keys: shape (n,), the key of each member in one table.
        bounds: of some members; pairs that are not possible by them are left out.
    """
    key, member = _in_buckets(keys)
    for low in range(0, len(key), BLOCK):
        part = slice(low, low + BLOCK + NEIGHBOURS)
        yield from _near(key[part], member[part], bounds and bounds(member[part]))
    first = np.searchsorted(key, key, side="left")
    far = np.flatnonzero(np.arange(len(key)) - first > NEIGHBOURS)
    for low in range(0, len(far), BLOCK):
        some = far[low : low + BLOCK]
        left, right = member[first[some]], member[some]
        if bounds:
            possible = bounds(left).possible(slice(0, len(left)), bounds(right), slice(0, len(right)))
            left, right = left[possible], right[possible]
        yield left, right


def _in_buckets(keys: NDArray[np.uint32]) -> tuple[NDArray[np.uint32], Members]:
    """The members that share their key, by key and number, and these keys."""
    packed = keys.astype(np.uint64)
    packed <<= np.uint64(32)
    packed |= np.arange(len(keys), dtype=np.uint32)
    packed.sort()
    key = (packed >> np.uint64(32)).astype(np.uint32)
    equal = key[1:] == key[:-1]
    shared = np.zeros(len(keys), np.bool_)
    shared[1:] |= equal
    shared[:-1] |= equal
    return key[shared], packed[shared].astype(np.uint32).view(np.int32)


def _near(key: NDArray[np.uint32], member: Members, bounds: Bounds | None) -> Iterator[Pairs]:
    """The pairs of the first BLOCK members with their NEIGHBOURS next ones, in steps of growing distance."""
    found: list[Pairs] = []
    for distance in range(1, NEIGHBOURS + 1):
        end = min(BLOCK, len(key) - distance)
        here, there = slice(0, max(0, end)), slice(distance, distance + max(0, end))
        equal = key[here] == key[there]
        if not equal.any():
            break
        if bounds:
            equal &= bounds.possible(here, bounds, there)
        found.append((member[here][equal], member[there][equal]))
        if distance in TOGETHER:
            yield _joined(found)
            found = []
    if found:
        yield _joined(found)


def _joined(pairs: list[Pairs]) -> Pairs:
    return np.concatenate([left for left, _ in pairs]), np.concatenate([right for _, right in pairs])
