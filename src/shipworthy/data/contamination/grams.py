"""Runs of words of evaluation texts, and who has them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.ragged import Ragged
from shipworthy.data.duplicates.shingles import Hashes

# Nearly all runs of train are in no evaluation text; a look at one bit says so, before the search.
FILTER_BITS = 22
FILTER = np.uint64((1 << FILTER_BITS) - 1)


class Grams:
    """A set of hashes, each with the texts that have it.

    Args:
        hashes: n rows of hashes, one for each text.

    Attributes:
        known: the different hashes, ascending.
        first: the lowest text with each of them.
        seen: which of them were found.
    """

    def __init__(self, hashes: Ragged) -> None:
        self._owners = np.repeat(np.arange(len(hashes), dtype=np.int32), hashes.lengths)
        self.known, first, self._places = np.unique(hashes.values, return_index=True, return_inverse=True)
        self.first = self._owners[first]
        self.seen = np.zeros(len(self.known), np.bool_)
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[hashes.values & FILTER] = True

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """Which of these hashes (their places) are in the set, and which text is the first that has them."""
        likely = np.flatnonzero(self._filter[hashes & FILTER])
        places = np.minimum(np.searchsorted(self.known, hashes[likely]), max(0, len(self.known) - 1))
        found = self.known[places] == hashes[likely] if len(likely) else np.zeros(0, np.bool_)
        self.seen[places[found]] = True
        return likely[found], self.first[places[found]]

    def touched(self) -> NDArray[np.int32]:
        """The texts of which something was found, ascending."""
        return np.unique(self._owners[self.seen[self._places]])
