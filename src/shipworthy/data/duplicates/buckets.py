"""From the buckets of a hash table to the pairs that are worth a look, never as many as a bucket's square."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pairs = tuple[NDArray[Any], NDArray[Any]]

# Buckets of up to so many more than one are paired fully. In larger ones each member is paired with the first and with
# as many of its neighbours; members are numbered by the hash of their text, so whose neighbours they are is chance, but
# the same chance for any order of rows.
NEIGHBOURS = 32


def pairs(keys: NDArray[np.uint32]) -> Iterator[Pairs]:
    """Pairs of members with equal keys: first the nearest in number, then ever farther ones.

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
