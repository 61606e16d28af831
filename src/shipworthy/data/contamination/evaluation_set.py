"""One evaluation set, indexed by text hashes, word n-grams and MinHash bands."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.contamination.inverted_index import WholeTexts
from shipworthy.data.contamination.near import NearMatcher
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.contamination.shared_ngrams import NgramMatcher
from shipworthy.data.contamination.texts import Texts, text_batches
from shipworthy.data.duplicates.shingles import word_hashes

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


class EvaluationSet:
    """The texts of an evaluation set: whole, as word n-grams, and as sets of shingles.

    They are read twice. Memory holds about 130 bytes for each text and 20 for each of its n-grams.

    Args:
        name: of the set.
        rows: its rows, with `id`.
        column: the texts (str).
        config: what counts as a match.
        folder: a new folder for what is kept on disk.
    """

    def __init__(self, name: str, rows: pl.LazyFrame, column: str, config: Contamination, folder: Path) -> None:
        self.name, self.min_share = name, config.min_share
        self.ids, lengths, whole = _first_look(rows, column)
        self.whole = WholeTexts(whole)
        self.seen = np.zeros(len(lengths), np.bool_)
        self.ngrams = NgramMatcher(lengths, config)
        chosen = np.zeros(len(lengths), np.bool_)
        chosen[self.whole.distinct] = True
        worded = chosen & (lengths > 0)
        self.near: NearMatcher | None = None
        if config.near:
            folder.mkdir(parents=True)
            self.near = NearMatcher(config.near, int(worded.sum()), folder)
        first = 0
        for batch in text_batches(rows, column):
            here = slice(first, first + batch.height)
            hashed = word_hashes(batch[column])
            self.ngrams.add(hashed, np.flatnonzero(chosen[here]), first)
            if self.near:
                some = np.flatnonzero(worded[here])
                self.near.add(hashed.take(some), some + first)
            first += batch.height
        self.ngrams.sort()
        if self.near:
            self.near.sort()

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
            found.append(Matches("near", *self.near.find(texts.words, exact)))
            self.seen[found[-1].others] = True
        return Found(found, np.bincount(bars, minlength=SHARES))

    def matched(self) -> int:
        """How many of the evaluation texts were found in train; equal ones count each."""
        return int(self.seen[self.whole.first].sum())


def _first_look(rows: pl.LazyFrame, column: str) -> tuple[pl.Series, NDArray[np.int32], NDArray[np.uint64]]:
    """The id of each text, its number of words, and the hash of all of them."""
    ids = [pl.Series("id", [], dtype=pl.String)]
    lengths, whole = [np.zeros(0, np.int32)], [np.zeros(0, np.uint64)]
    for batch in text_batches(rows, column):
        texts = Texts(batch[column])
        ids.append(batch["id"])
        lengths.append(texts.words.lengths.astype(np.int32))
        whole.append(texts.whole)
    return pl.concat(ids), np.concatenate(lengths), np.concatenate(whole)
