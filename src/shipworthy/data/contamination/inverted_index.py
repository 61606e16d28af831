"""Hash → the evaluation texts that contain it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.buckets import NEIGHBOURS
from shipworthy.data.duplicates.shingles import Hashes

# Nearly all hashes of train are in no evaluation text; a bit table of their low bits excludes most before the search.
# It has about 8 places for each hash.
FILTER_BITS = (12, 25)
HASHES_AT_ONCE = 1 << 20


class HashSet:
    """A set of hashes.

    Args:
        known: the distinct hashes, ascending.
    """

    def __init__(self, known: Hashes) -> None:
        self.known = known
        bits = int(np.clip(len(known).bit_length() + 3, *FILTER_BITS))
        self._mask = np.uint64((1 << bits) - 1)
        self._filter = np.zeros(1 << bits, np.bool_)
        self._filter[known & self._mask] = True

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """The positions of the hashes that are in the set, and their numbers there: both of shape (k,)."""
        likely = np.flatnonzero(self._filter[hashes & self._mask])
        places = np.minimum(np.searchsorted(self.known, hashes[likely]), max(0, len(self.known) - 1))
        found = self.known[places] == hashes[likely] if len(likely) else np.zeros(0, np.bool_)
        return likely[found], places[found]


class WholeTexts:
    """Texts by the hash of all their words.

    Args:
        hashes: shape (n,), 0 for a text that equals no other.

    Attributes:
        first: shape (n,), the lowest text that is equal to each.
        distinct: the lowest text of each hash, ascending.
    """

    def __init__(self, hashes: Hashes) -> None:
        known, first, inverse = np.unique(hashes, return_index=True, return_inverse=True)
        self.first = first[inverse].astype(np.int32)
        some = known != 0
        self._set, self._texts = HashSet(known[some]), first[some]
        self.distinct = np.sort(self._texts)

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """The positions of the hashes that a text has, and the lowest such text: both of shape (k,)."""
        found, places = self._set.find(hashes)
        return found, self._texts[places]


class Postings:
    """Word n-gram → where it is in the evaluation texts: at most `NEIGHBOURS` places, those of the lowest texts.

    Args:
        hashes: shape (m,), the n-grams of all texts, one text after the other.
        texts, places: shape (m,), the text and the first word of each; texts ascending.

    Attributes:
        texts, places: the same of what is kept, by n-gram.
    """

    def __init__(self, hashes: Hashes, texts: NDArray[np.int32], places: NDArray[np.int32]) -> None:
        known, counts = [np.zeros(0, np.uint64)], [np.zeros(0, np.uint8)]
        kept = [np.zeros(0, np.int32)]
        # Sorted range by range, so that what sorting needs does not grow with the texts.
        ranges = max(1, (2 * len(hashes) // HASHES_AT_ONCE)).bit_length() - 1
        top = (hashes >> np.uint64(64 - ranges)).astype(np.uint16) if ranges else np.zeros(len(hashes), np.uint16)
        for one in range(1 << ranges):
            order = np.flatnonzero(top == one).astype(np.int32)
            order = order[np.argsort(hashes[order], kind="stable")]
            found, first, count = np.unique(hashes[order], return_index=True, return_counts=True)
            known.append(found)
            counts.append(np.minimum(count, NEIGHBOURS).astype(np.uint8))
            kept.append(order[np.arange(len(order)) - np.repeat(first, count) < NEIGHBOURS])
        self._set = HashSet(np.concatenate(known))
        self._count = np.concatenate(counts)
        self._first = (np.cumsum(self._count, dtype=np.int64) - self._count).astype(np.int32)
        rows = np.concatenate(kept)
        self.texts, self.places = texts[rows], places[rows]

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The positions of the n-grams that a text has, where their places begin, and how many they are: (k,) each."""
        found, numbers = self._set.find(hashes)
        return found, self._first[numbers].astype(np.int64), self._count[numbers].astype(np.int64)
