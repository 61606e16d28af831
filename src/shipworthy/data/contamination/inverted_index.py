"""Hash → the evaluation texts that contain it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.duplicates.buckets import NEIGHBOURS
from shipworthy.data.duplicates.ragged_array import RaggedArray
from shipworthy.data.duplicates.shingles import Hashes

# Nearly all hashes of train are in no evaluation text; a bit table of their low bits excludes most before the search.
FILTER_BITS = 22
FILTER = np.uint64((1 << FILTER_BITS) - 1)


class HashSet:
    """A set of hashes.

    Args:
        known: the distinct hashes, ascending.
    """

    def __init__(self, known: Hashes) -> None:
        self.known = known
        self._filter = np.zeros(1 << FILTER_BITS, np.bool_)
        self._filter[known & FILTER] = True

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """The positions of the hashes that are in the set, and their numbers there: both of shape (k,)."""
        likely = np.flatnonzero(self._filter[hashes & FILTER])
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
        self.first = first[inverse]
        some = known != 0
        self._set, self._texts = HashSet(known[some]), first[some]
        self.distinct = np.sort(self._texts)

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any]]:
        """The positions of the hashes that a text has, and the lowest such text: both of shape (k,)."""
        found, places = self._set.find(hashes)
        return found, self._texts[places]


class Postings:
    """Word n-gram → where it stands in the evaluation texts: at most `NEIGHBOURS` places, those of the lowest texts.

    Args:
        hashes: the n-grams of n texts.
        texts: shape (n,), their numbers, ascending.

    Attributes:
        texts, places: the text and the first word of each n-gram, by n-gram.
    """

    def __init__(self, hashes: RaggedArray, texts: NDArray[Any]) -> None:
        order = np.argsort(hashes.values, kind="stable")
        known, first, count = np.unique(hashes.values[order], return_index=True, return_counts=True)
        self._set, self._first = HashSet(known), first.astype(np.int64)
        self._count = np.minimum(count, NEIGHBOURS).astype(np.int64)
        lengths = hashes.lengths
        self.texts = np.repeat(texts, lengths)[order].astype(np.int64)
        places = np.arange(len(order)) - np.repeat(hashes.offsets[:-1], lengths)
        self.places = places[order].astype(np.int32)

    def find(self, hashes: Hashes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
        """The positions of the n-grams that a text has, where their places begin, and how many they are: (k,) each."""
        found, numbers = self._set.find(hashes)
        return found, self._first[numbers], self._count[numbers]
