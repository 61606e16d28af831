"""Hash → the evaluation texts that contain it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.ragged_array import RaggedArray
from shipworthy.data.duplicates.shingles import Hashes

# Nearly all hashes of train are in no evaluation text; a bit table of their low bits excludes most before the search.
FILTER_BITS = 22
FILTER = np.uint64((1 << FILTER_BITS) - 1)


class InvertedIndex:
    """A set of hashes (of texts or of word n-grams), each with the texts that have it.

    Args:
        hashes: n rows of hashes, one for each text.

    Attributes:
        known: the distinct hashes, ascending.
        first: the lowest text with each of them.
        seen: which of them were found.
    """

    def __init__(self, hashes: RaggedArray) -> None:
        self._owners = np.repeat(np.arange(len(hashes), dtype=np.int32), hashes.lengths)
        self.known, first, self._places = np.unique(hashes.values, return_index=True, return_inverse=True)
        self.first = self._owners[first]
        self.seen = np.zeros(len(self.known), np.bool_)
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[hashes.values & FILTER] = True

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """The positions of the hashes that are in the set, and the first text that has each: both of shape (k,)."""
        likely = np.flatnonzero(self._filter[hashes & FILTER])
        places = np.minimum(np.searchsorted(self.known, hashes[likely]), max(0, len(self.known) - 1))
        found = self.known[places] == hashes[likely] if len(likely) else np.zeros(0, np.bool_)
        self.seen[places[found]] = True
        return likely[found], self.first[places[found]]

    def matched(self) -> NDArray[np.int32]:
        """The texts with a hash that was found, ascending."""
        return np.unique(self._owners[self.seen[self._places]])
