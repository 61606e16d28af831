"""Pairs that were found to be unlike, so that they are not compared again when they agree in another band."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.shingles import mix_bits

Members = NDArray[Any]


class UnlikePairs:
    """A table of pairs in which a new one takes the place of an older one: it forgets some, and invents none.

    Args:
        members: how many there are; the table takes 8 to 16 bytes for each.
    """

    def __init__(self, members: int) -> None:
        bits = max(1, members.bit_length())
        self._table = np.zeros(1 << bits, np.uint64)
        self._shift = np.uint64(64 - bits)

    def add(self, left: Members, right: Members) -> None:
        """Adds pairs; left[i] is below right[i]."""
        pairs = _packed(left, right)
        self._table[mix_bits(pairs) >> self._shift] = pairs

    def holds(self, left: Members, right: Members) -> NDArray[np.bool_]:
        """Whether pair i is known to be unlike: shape (k,)."""
        pairs = _packed(left, right)
        found: NDArray[np.bool_] = self._table[mix_bits(pairs) >> self._shift] == pairs
        return found


def _packed(left: Members, right: Members) -> NDArray[np.uint64]:
    """No pair is 0, for right is at least 1."""
    return left.astype(np.uint64) << np.uint64(32) | right.astype(np.uint64)
