"""Tokens per word and per character, on a sample of rows that depends on their ids alone."""

import heapq
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np
from transformers import PreTrainedTokenizerBase

from shipworthy.data.hash_sampling import hash_uniform
from shipworthy.evaluation.intervals import ratio

MAX_CHARACTERS = 4000
"""Of one row (characters); the rest is ignored."""
WORST_WORDS = 20
MIN_TIMES = 2
"""Occurrences in the sample from which on a word is listed."""
TEXTS_PER_CALL = 1000
SEED = 0


class WordSample:
    """The texts of the rows with the lowest hash numbers (bottom-k sample).

    Args:
        size: how many rows are kept.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._kept: list[tuple[float, str, str]] = []  # a heap of (minus the hash number, id, text)

    def draw_numbers(self, ids: Iterable[str]) -> list[float | None]:
        """For each row its hash number in [0, 1), or None where it is not among the lowest so far."""
        limit = -self._kept[0][0] if len(self._kept) == self.size else 1.0
        return [number if number < limit else None for number in hash_uniform(ids, "words")]

    def add(self, number: float, identity: str, text: str) -> None:
        """Keeps a row, and drops the one with the highest number if there are more than `size`."""
        entry = (-number, identity, text[:MAX_CHARACTERS])
        if len(self._kept) < self.size:
            heapq.heappush(self._kept, entry)
        else:
            heapq.heappushpop(self._kept, entry)

    def summary(self, tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
        """Tokens per word and per character with 95% intervals (bootstrap over rows), and the words that split worst.

        Words are separated by white space.
        """
        texts = [text for _, _, text in sorted(self._kept, reverse=True) if text.strip()]
        if not texts:
            return {"rows": 0}
        tokens = np.array([len(ids) for ids in _ids(tokenizer, texts)], dtype=float)
        words = np.array([len(text.split()) for text in texts], dtype=float)
        characters = np.array([len(text) for text in texts], dtype=float)

        return {
            "rows": len(texts),
            "words": int(words.sum()),
            "characters": int(characters.sum()),
            "per word": ratio(tokens, words, SEED).to_json(),
            "per character": ratio(tokens, characters, SEED).to_json(),
            "worst": _worst(tokenizer, Counter(word for text in texts for word in text.split())),
        }


def _worst(tokenizer: PreTrainedTokenizerBase, counts: Counter[str]) -> list[dict[str, Any]]:
    """The words with the most tokens, tokenized after a space."""
    words = sorted(word for word, count in counts.items() if count >= MIN_TIMES)
    split = dict(zip(words, _ids(tokenizer, [f" {word}" for word in words]), strict=True))
    worst = sorted(words, key=lambda word: (-len(split[word]), -counts[word], word))[:WORST_WORDS]
    return [
        {"word": word, "times": counts[word], "tokens": [str(tokenizer.decode([i])) for i in split[word]]}
        for word in worst
    ]


def _ids(tokenizer: PreTrainedTokenizerBase, texts: list[str]) -> list[list[int]]:
    found: list[list[int]] = []
    for start in range(0, len(texts), TEXTS_PER_CALL):
        found += tokenizer(texts[start : start + TEXTS_PER_CALL], add_special_tokens=False)["input_ids"]
    return found
