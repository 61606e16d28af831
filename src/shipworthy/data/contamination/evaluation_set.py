"""One evaluation set, indexed by text hashes, word n-grams and MinHash bands."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.contamination.inverted_index import InvertedIndex
from shipworthy.data.contamination.schema import Contamination, Near
from shipworthy.data.duplicates.buckets import NEIGHBOURS
from shipworthy.data.duplicates.documents import intersections
from shipworthy.data.duplicates.minhash import band_keys
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds, offsets_from_lengths
from shipworthy.data.duplicates.shingles import ngram_hashes, shingle_sets, text_hashes, word_hashes

VALUES_PER_BATCH = 1 << 19


@dataclass
class Matches:
    """Training texts of a batch that match an evaluation text, and how they match.

    Attributes:
        match: exact, n-gram or near.
        rows: shape (k,), the number of the training text in its batch; none comes twice.
        others: shape (k,), the number of the evaluation text.
        start, size: for n-gram, the shared run's first word in the training text and its length (words).
        similarity: for near, Jaccard's (0 to 1).
    """

    match: str
    rows: NDArray[Any]
    others: NDArray[Any]
    start: NDArray[Any] | None = None
    size: NDArray[Any] | None = None
    similarity: NDArray[Any] | None = None


class EvaluationSet:
    """The texts of an evaluation set: whole, as word n-grams, and as sets of shingles.

    Args:
        name: of the set.
        rows: its rows, with `id`.
        column: the texts (str).
        config: what counts as a match.
    """

    def __init__(self, name: str, rows: pl.LazyFrame, column: str, config: Contamination) -> None:
        frame = rows.select(pl.col("id").cast(pl.String), column).collect(engine="streaming")
        self.name, self.ids = name, frame["id"]
        hashed = word_hashes(frame[column])
        whole, lengths = text_hashes(hashed), hashed.lengths
        self.whole = InvertedIndex(RaggedArray(whole[whole != 0], offsets_from_lengths(whole != 0)))
        short = np.unique(lengths[(lengths >= config.shortest) & (lengths < config.ngram)])
        # The longest n-gram comes first: a longer match is stronger evidence.
        self.grams = {config.ngram: InvertedIndex(ngram_hashes(hashed, config.ngram))}
        for size in short[::-1].tolist():
            kept = hashed.take(np.flatnonzero(lengths == size))
            alone = np.where(lengths == size, 1, 0)
            self.grams[size] = InvertedIndex(RaggedArray(ngram_hashes(kept, size).values, offsets_from_lengths(alone)))
        self.near = _NearMatcher(hashed, self.whole.first, config.near) if config.near else None

    def find(self, hashed: RaggedArray) -> list[Matches]:
        """What the training texts of a batch (words of each) share with this set."""
        places, others = self.whole.find(text_hashes(hashed))
        exact = Matches("exact", places, others)
        hits = [exact, self._longest_shared_ngrams(hashed, places)]
        if self.near:
            hits.append(self.near.find(hashed, places))
        return hits

    def _longest_shared_ngrams(self, hashed: RaggedArray, known: NDArray[Any]) -> Matches:
        """The first of the longest shared n-grams of each text that is not in `known`."""
        parts = []
        for size, grams in self.grams.items():
            every = ngram_hashes(hashed, size)
            places, others = grams.find(every.values)
            rows = np.searchsorted(every.offsets, places, side="right") - 1
            parts.append(np.stack([rows, others, places - every.offsets[rows], np.full(len(rows), size)]))
        every_row = np.concatenate(parts, axis=1)
        rows, first = np.unique(every_row[0], return_index=True)
        new = ~np.isin(rows, known)
        _, others, start, size = every_row[:, first[new]]
        return Matches("n-gram", rows[new], others, start=start, size=size)

    def matched(self) -> int:
        """How many of the evaluation texts were found in train."""
        kinds = [self.whole.matched(), *(grams.matched() for grams in self.grams.values())]
        if self.near:
            kinds.append(self.near.matched())
        return len(np.unique(np.concatenate(kinds)))


class _NearMatcher:
    """The distinct texts of an evaluation set by the bands of their MinHash signatures."""

    def __init__(self, hashed: RaggedArray, chosen: NDArray[Any], config: Near) -> None:
        self.config = config
        self.texts = np.sort(chosen)
        self.sets = shingle_sets(hashed.take(self.texts), config.shingle_words)
        keys = band_keys(self.sets, config)
        self.order = np.argsort(keys, axis=1, kind="stable")
        self.keys = np.take_along_axis(keys, self.order, axis=1)
        self.seen = np.zeros(len(self.texts), np.bool_)

    def find(self, hashed: RaggedArray, known: NDArray[Any]) -> Matches:
        """The most similar evaluation text of each training text, if any is similar enough."""
        sets = shingle_sets(hashed, self.config.shingle_words)
        left, right = self._candidates(sets, known)
        similarity = np.zeros(len(left))
        a, b = sets.lengths[left], self.sets.lengths[right]
        for low, high in batch_bounds(offsets_from_lengths(a + b), VALUES_PER_BATCH):
            shared = intersections(sets.take(left[low:high]), self.sets.take(right[low:high]))
            similarity[low:high] = shared / (a[low:high] + b[low:high] - shared)
        close = similarity >= self.config.threshold
        left, right, similarity = left[close], right[close], similarity[close]
        self.seen[right] = True
        best = np.lexsort((right, -similarity, left))
        rows, first = np.unique(left[best], return_index=True)
        chosen = best[first]
        return Matches("near", rows, self.texts[right[chosen]], similarity=similarity[chosen])

    def _candidates(self, sets: RaggedArray, known: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
        """Pairs that agree in a band; of one band, at most `NEIGHBOURS` for each training text."""
        wanted = sets.lengths > 0
        wanted[known] = False
        rows = np.flatnonzero(wanted)
        found = []
        for band, keys in enumerate(band_keys(sets.take(rows), self.config)):
            low = np.searchsorted(self.keys[band], keys, side="left")
            count = np.minimum(np.searchsorted(self.keys[band], keys, side="right") - low, NEIGHBOURS)
            offsets = offsets_from_lengths(count)
            places = np.arange(offsets[-1]) + np.repeat(low - offsets[:-1], count)
            found.append(np.repeat(rows, count) << 32 | self.order[band][places])
        pairs = np.unique(np.concatenate(found))
        return pairs >> 32, pairs & 0xFFFFFFFF

    def matched(self) -> NDArray[Any]:
        """The texts that were found."""
        return self.texts[self.seen]
