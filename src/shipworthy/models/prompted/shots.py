"""Which rows of train are shown to the base model."""

import re
from collections import defaultdict

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError

FIRST_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z0-9]+|[A-Z]+")


def choose(train: pl.DataFrame, shots: int, seed: int) -> pl.DataFrame:
    """Examples as diverse as their number allows: one for each of the most frequent first words of answers, in turn.

    Which row stands for a word, and in which order the examples are shown, is drawn. Nobody has looked at how well
    the model does with them.

    Raises:
        UsageError: train has fewer rows than that.
    """
    if train.height < shots:
        raise UsageError(f"task.shots={shots} is more than the {train.height} rows of train: lower it.")
    draw = np.random.default_rng(seed)
    by_word: dict[str, list[int]] = defaultdict(list)
    for row, answer in enumerate(train["answer"]):
        by_word[first_word(answer)].append(row)
    for rows in by_word.values():
        draw.shuffle(rows)
    words = sorted(by_word, key=lambda name: (-len(by_word[name]), name))
    in_turn = [by_word[name][turn] for turn in range(shots) for name in words if turn < len(by_word[name])]
    chosen = in_turn[:shots]
    draw.shuffle(chosen)
    return train[chosen]


def first_word(answer: str) -> str:
    """The first word of a text or of a CamelCase name: `GetItem` → `Get`; empty where it starts with none."""
    found = FIRST_WORD.match(answer.strip())
    return found.group() if found else ""
