"""Bitmaps of sets: what two sets have in common at most, for a few nanoseconds.

Each value of a set turns over one of 256 bits. The values that only one of two sets has turn over at least as many bits
as their bitmaps differ in, so the number of these bits bounds the Jaccard similarity from above. It excludes nearly all
unlike candidates of short texts; for sets of many hundreds of values it excludes little. From Sandes, Teodoro, Melo:
Bitmap Filter: Speeding up Exact Set Similarity Joins with Bitwise Operations.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.ragged_array import RaggedArray

Bitmaps = NDArray[np.uint64]
"""Shape (n, WORDS)."""
Rows = NDArray[Any] | slice
WORDS = 4
WORD_PLACE, BIT_PLACE = np.uint64(63 - 2), np.uint64(63 - 8)
"""The upper 2 of a value's 63 bits say in which word of the bitmap it turns over a bit, the next 6 which one."""
ROUNDING = np.float32(0.005)


def bitmaps(sets: RaggedArray) -> Bitmaps:
    """The bitmaps of n sets of shingles (int64, 63 bits, ascending)."""
    result = np.zeros((len(sets), WORDS), np.uint64)
    values = sets.values.view(np.uint64)
    if len(values):
        # A row's values ascend, so those of one word of the bitmap stand together.
        word = values >> WORD_PLACE
        new = word[1:] != word[:-1]
        begins = sets.offsets[1:-1]
        new[begins[(begins > 0) & (begins < len(values))] - 1] = True
        at = np.concatenate([np.zeros(1, np.int64), np.flatnonzero(new) + 1])
        turned = np.uint64(1) << (values >> BIT_PLACE & np.uint64(63))
        rows = np.searchsorted(sets.offsets, at, side="right") - 1
        result[rows, word[at].view(np.int64)] = np.bitwise_xor.reduceat(turned, at)
    return result


@dataclass(frozen=True)
class Bounds:
    """Which of n sets may have at least some Jaccard similarity.

    Attributes:
        wide: their bitmaps.
        narrow: shape (n,), the same folded to 64 bits, which is looked at first.
        differing: shape (n,); a pair with that similarity differs in at most the sum of both its numbers (values).
    """

    wide: Bitmaps
    narrow: NDArray[np.uint64]
    differing: NDArray[np.float32]

    @classmethod
    def of(cls, wide: Bitmaps, sizes: NDArray[Any], minimum: float) -> "Bounds":
        """The bounds for a least similarity `minimum` (0 to 1) of sets of these sizes, shape (n,)."""
        # d differing values of sets with s values in both together: J = (s - d) / (s + d).
        differing = sizes.astype(np.float32) * np.float32((1 - minimum) / (1 + minimum)) + ROUNDING
        return cls(wide, np.bitwise_xor.reduce(wide, axis=1), differing)

    def possible(self, mine: Rows, others: "Bounds", theirs: Rows) -> NDArray[np.bool_]:
        """Whether set mine[i] and set theirs[i] of the others may be so similar: shape (k,). A False is certain.

        Args:
            mine, theirs: numbers of k sets.
        """
        most = self.differing[mine] + others.differing[theirs]
        result: NDArray[np.bool_] = np.bitwise_count(self.narrow[mine] ^ others.narrow[theirs]) <= most
        left = np.flatnonzero(result)
        wide = self.wide[_some(mine, left)] ^ others.wide[_some(theirs, left)]
        result[left] = np.bitwise_count(wide).sum(axis=1, dtype=np.int32) <= most[left]
        return result


def _some(rows: Rows, places: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = rows.start + places if isinstance(rows, slice) else rows[places]
    return found
