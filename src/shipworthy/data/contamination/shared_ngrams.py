"""How much of a training text and of an evaluation text is the same, by the word n-grams that both hold.

A word counts as shared if an n-gram around it is in the other text, as in Llama 2 (Touvron et al. 2023, section A.6)
and in Tülu 3 (Lambert et al. 2024, section 3.2, https://arxiv.org/abs/2411.15124). Tülu 3 and Cosmopedia
(https://github.com/huggingface/cosmopedia, decontamination/) count a training text as a copy if half of an evaluation
text is in it. Here either may be the one that is mostly in the other: a training text that is a piece of an evaluation
text gives it away, too.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.data.contamination.inverted_index import Postings
from shipworthy.data.contamination.schema import Contamination
from shipworthy.data.duplicates.ragged_array import RaggedArray, batch_bounds, offsets_from_lengths
from shipworthy.data.duplicates.shingles import ngram_hashes

PLACES_PER_BATCH = 1 << 18
OTHER = np.int64(0xFFFFFFFF)


@dataclass(frozen=True)
class Shared:
    """Pairs of a training text and an evaluation text that share an n-gram; pair k, sorted by both.

    Attributes:
        rows, others: shape (k,), the numbers of the texts.
        share: shape (k,), the larger share of shared words of the two texts (0 to 1).
        start, size: shape (k,), the longest run of shared words in the training text: its first word and its length.
    """

    rows: NDArray[Any]
    others: NDArray[Any]
    share: NDArray[np.float64]
    start: NDArray[Any]
    size: NDArray[Any]

    def best(self) -> NDArray[Any]:
        """The numbers of the pairs that are the best of their training text; of equal ones the first."""
        order = np.lexsort((self.others, -self.share, self.rows))
        _, first = np.unique(self.rows[order], return_index=True)
        return order[first]


class NgramMatcher:
    """The texts of an evaluation set by their n-grams; one that is shorter than n is one n-gram of all its words.

    Texts are to be added all, then sorted once, and can then be looked for.

    Args:
        lengths: shape (n,), the words of each text of the set.
        config: the length of n-grams, and the shortest text that is looked for.
    """

    def __init__(self, lengths: NDArray[Any], config: Contamination) -> None:
        self.lengths, self._config = lengths, config
        self.postings: dict[int, Postings] = {}
        self._added: dict[int, list[tuple[NDArray[Any], ...]]] = {config.ngram: []}

    def add(self, hashed: RaggedArray, chosen: NDArray[Any], first: int) -> None:
        """Adds texts of a batch.

        Args:
            hashed: the words of the batch's texts.
            chosen: which of them are looked for, ascending; of equal ones one is enough.
            first: the number of the batch's first text.
        """
        lengths, longest = hashed.lengths[chosen], self._config.ngram
        short = (lengths >= self._config.shortest) & (lengths < longest)
        for size in [longest, *np.unique(lengths[short]).tolist()]:
            some = chosen[lengths >= size] if size == longest else chosen[lengths == size]
            every = ngram_hashes(hashed.take(some), size)
            texts = np.repeat((some + first).astype(np.int32), every.lengths)
            places = np.arange(len(texts)) - np.repeat(every.offsets[:-1], every.lengths)
            self._added.setdefault(size, []).append((every.values, texts, places.astype(np.int32)))

    def sort(self) -> None:
        """Makes the index of what was added, the longest n-grams first."""
        for size in sorted(self._added, reverse=True):
            empty = (np.zeros(0, np.uint64), np.zeros(0, np.int32), np.zeros(0, np.int32))
            columns = [list(column) for column in zip(empty, *self._added.pop(size), strict=True)]
            self.postings[size] = Postings(*(_joined(column) for column in columns))

    def find(self, hashed: RaggedArray) -> Shared:
        """The pairs of the training texts of a batch (words of each) and this set."""
        found = [shared for size, postings in self.postings.items() for shared in self._of_size(hashed, size, postings)]
        joined = (np.concatenate(column) for column in zip(*found, strict=True))
        rows, others, share, start, longest = joined
        order = np.lexsort((others, rows))
        return Shared(rows[order], others[order], share[order], start[order], longest[order])

    def _of_size(self, hashed: RaggedArray, size: int, postings: Postings) -> list[tuple[NDArray[Any], ...]]:
        """Rows, others, shares, starts and sizes of the pairs that share an n-gram of `size` words."""
        every = ngram_hashes(hashed, size)
        found, first, count = postings.find(every.values)
        rows = np.searchsorted(every.offsets, found, side="right") - 1
        starts = found - every.offsets[rows]
        by_row = np.bincount(rows, weights=count, minlength=len(hashed)).astype(np.int64)
        bounds = np.searchsorted(rows, np.arange(len(hashed) + 1))
        parts = [tuple(np.zeros(0, dtype) for dtype in (np.int64, np.int64, np.float64, np.int64, np.int64))]
        for low, high in batch_bounds(offsets_from_lengths(by_row), PLACES_PER_BATCH):
            part = slice(bounds[low], bounds[high])
            if part.start < part.stop:
                parts.append(self._pairs(hashed, size, postings, rows[part], starts[part], first[part], count[part]))
        return parts

    def _pairs(
        self,
        hashed: RaggedArray,
        size: int,
        postings: Postings,
        rows: NDArray[Any],
        starts: NDArray[Any],
        first: NDArray[Any],
        count: NDArray[Any],
    ) -> tuple[NDArray[Any], ...]:
        offsets = offsets_from_lengths(count)
        places = np.arange(offsets[-1]) + np.repeat(first - offsets[:-1], count)
        pairs = np.repeat(rows, count) << 32 | postings.texts[places]
        known, ours, start, longest = _covered(pairs, np.repeat(starts, count), size)
        _, theirs, _, _ = _covered(pairs, postings.places[places], size)
        rows, others = known >> 32, known & OTHER
        share = np.maximum(ours / hashed.lengths[rows], theirs / self.lengths[others])
        return rows, others, share, start, longest


def _joined(parts: list[NDArray[Any]]) -> NDArray[Any]:
    """The parts in one array; the list is emptied, so that nothing is held twice."""
    whole = np.concatenate(parts)
    parts.clear()
    return whole


def _covered(pairs: NDArray[Any], starts: NDArray[Any], size: int) -> tuple[NDArray[Any], ...]:
    """For each distinct pair: how many words its n-grams cover in a text, and their longest run (start, words).

    Args:
        pairs: shape (m,), the pair of each n-gram.
        starts: shape (m,), the n-gram's first word in the text.
        size: words of an n-gram.
    """
    order = np.lexsort((starts, pairs))
    pairs, starts = pairs[order], starts[order]
    new = np.ones(len(pairs), np.bool_)
    new[1:] = pairs[1:] != pairs[:-1]
    step = np.diff(starts, append=starts[-1:])
    step[np.append(new[1:], True)] = size  # the last n-gram of a pair covers all its words
    begins = np.flatnonzero(new)
    covered = np.add.reduceat(np.minimum(step, size), begins)
    # A run ends where the next n-gram does not touch it.
    breaks = new.copy()
    breaks[1:] |= np.diff(starts) > size
    run = np.flatnonzero(breaks)
    ends = np.append(run[1:], len(starts)) - 1
    words = starts[ends] + size - starts[run]
    owner = np.searchsorted(begins, run, side="right") - 1
    best = np.lexsort((starts[run], -words, owner))
    chosen = best[np.unique(owner[best], return_index=True)[1]]
    return pairs[begins], covered, starts[run][chosen], words[chosen]
