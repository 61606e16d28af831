"""One evaluation set, indexed by text hashes, word n-grams and MinHash bands."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.contamination.inverted_index import WholeTexts
from shipworthy.data.contamination.schema import Contamination, Near
from shipworthy.data.contamination.shared_ngrams import NgramMatcher
from shipworthy.data.duplicates.buckets import NEIGHBOURS
from shipworthy.data.duplicates.documents import intersections
from shipworthy.data.duplicates.minhash import band_keys
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds, offsets_from_lengths
from shipworthy.data.duplicates.shingles import Hashes, shingle_sets, text_hashes, word_hashes

VALUES_PER_BATCH = 1 << 19
SHARES = 10
"""Bars of the histogram of shared words."""


@dataclass
class Matches:
    """Training texts of a batch that match an evaluation text, and how they match.

    Attributes:
        match: exact, n-gram or near.
        rows: shape (k,), the number of the training text in its batch; none comes twice.
        others: shape (k,), the number of the evaluation text.
        share: shape (k,), of the words that are shared (n-gram), or Jaccard's similarity (near), or 1 (0 to 1).
        start, size: for n-gram, the longest shared run's first word in the training text and its length (words).
    """

    match: str
    rows: NDArray[Any]
    others: NDArray[Any]
    share: NDArray[Any]
    start: NDArray[Any] | None = None
    size: NDArray[Any] | None = None


@dataclass
class Found:
    """What a batch of training texts shares with an evaluation set.

    Attributes:
        matches: those that count, exact ones first.
        shares: shape (SHARES,), how many of the training texts that share an n-gram share which part of their words or
            of the evaluation text's: up to 0.1, up to 0.2 and so on.
    """

    matches: list[Matches]
    shares: NDArray[np.int64] = field(default_factory=lambda: np.zeros(SHARES, np.int64))


class Texts:
    """Texts as hashes.

    Args:
        texts: n texts (str).

    Attributes:
        words: the hash of each word of each text.
        whole: shape (n,), the hash of all words of each text; where there are none, of its characters; 0 if empty.
    """

    def __init__(self, texts: pl.Series) -> None:
        self.words = word_hashes(texts)
        self.whole: Hashes = text_hashes(self.words)
        alone = np.flatnonzero(self.whole == 0)
        signs = texts.gather(alone).fill_null("").str.strip_chars()
        hashes = signs.hash(1).to_numpy() | np.uint64(1)
        self.whole[alone] = np.where((signs != "").to_numpy(), hashes, np.uint64(0))


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
        self.name, self.ids, self.min_share = name, frame["id"], config.min_share
        texts = Texts(frame[column])
        self.whole = WholeTexts(texts.whole)
        self.ngrams = NgramMatcher(texts.words, self.whole.distinct, config)
        worded = self.whole.distinct[texts.words.lengths[self.whole.distinct] > 0]
        self.near = _NearMatcher(texts.words, worded, config.near) if config.near else None
        self.seen = np.zeros(len(frame), np.bool_)

    def find(self, texts: Texts) -> Found:
        """What the training texts of a batch share with this set."""
        exact, others = self.whole.find(texts.whole)
        self.seen[others] = True
        shared = self.ngrams.find(texts.words)
        enough = shared.share >= self.min_share
        self.seen[shared.others[enough]] = True
        best = shared.best()
        bars = np.clip(np.ceil(shared.share[best] * SHARES).astype(np.int64) - 1, 0, SHARES - 1)
        chosen = best[enough[best] & ~np.isin(shared.rows[best], exact)]
        found = [
            Matches("exact", exact, others, np.ones(len(exact))),
            Matches(
                "n-gram",
                *(column[chosen] for column in (shared.rows, shared.others, shared.share, shared.start, shared.size)),
            ),
        ]
        if self.near:
            near = self.near.find(texts.words, exact)
            self.seen[near.others] = True
            found.append(near)
        return Found(found, np.bincount(bars, minlength=SHARES))

    def matched(self) -> int:
        """How many of the evaluation texts were found in train; equal ones count each."""
        return int(self.seen[self.whole.first].sum())


class _NearMatcher:
    """The distinct texts of an evaluation set by the bands of their MinHash signatures."""

    def __init__(self, hashed: RaggedArray, chosen: NDArray[Any], config: Near) -> None:
        self.config = config
        self.texts = chosen
        self.sets = shingle_sets(hashed.take(self.texts), config.shingle_words)
        keys = band_keys(self.sets, config)
        self.order = np.argsort(keys, axis=1, kind="stable")
        self.keys = np.take_along_axis(keys, self.order, axis=1)

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
        best = np.lexsort((right, -similarity, left))
        rows, first = np.unique(left[best], return_index=True)
        chosen = best[first]
        return Matches("near", rows, self.texts[right[chosen]], similarity[chosen])

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
