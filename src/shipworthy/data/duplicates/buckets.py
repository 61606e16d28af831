"""Candidate pairs from the buckets of a hash table, at most about 32 per member however large a bucket is."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[Any], NDArray[Any]]

# In buckets of up to NEIGHBOURS + 1 members all pairs are made. In larger ones each member is paired with the first and
# with its NEIGHBOURS next ones. Members are numbered by the hash of their text, so the pairs are the same for any order
# of the rows.
NEIGHBOURS = 32


def candidate_pairs(keys: NDArray[np.uint32]) -> Iterator[Pairs]:
    """Pairs of members with equal keys, by increasing distance of their numbers.

    Args:
        keys: shape (n,), the key of each member in one table.
    """
    packed = np.sort(keys.astype(np.uint64) << np.uint64(32) | np.arange(len(keys), dtype=np.uint64))
    key = (packed >> np.uint64(32)).astype(np.uint32)
    member = packed.astype(np.uint32)
    equal = key[1:] == key[:-1]
    shared = np.zeros(len(keys), np.bool_)
    shared[1:] |= equal
    shared[:-1] |= equal
    key, member = key[shared], member[shared].view(np.int32)
    for distance in range(1, NEIGHBOURS + 1):
        equal = key[distance:] == key[:-distance]
        if not equal.any():
            return
        yield member[:-distance][equal], member[distance:][equal]
    begins = np.flatnonzero(np.diff(key, prepend=key[:1] ^ np.uint32(1)))
    first = np.repeat(begins, np.diff(begins, append=len(key)))
    far = np.arange(len(key)) - first > NEIGHBOURS
    yield member[first[far]], member[far]
