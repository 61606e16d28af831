"""Which rows of train are shown to the base model."""

from collections import defaultdict

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.models.names import verb


def choose(train: pl.DataFrame, shots: int, seed: int) -> pl.DataFrame:
    """Examples as diverse as their number allows: one for each of the most frequent verbs of the answers, in turn.

    Which row stands for a verb, and in which order the examples are shown, is drawn. Nobody has looked at how well
    the model does with them.

    Raises:
        UsageError: train has fewer rows than that.
    """
    if train.height < shots:
        raise UsageError(f"task.shots={shots} is more than the {train.height} rows of train: lower it.")
    draw = np.random.default_rng(seed)
    by_verb: dict[str, list[int]] = defaultdict(list)
    for row, answer in enumerate(train["answer"]):
        by_verb[verb(answer)].append(row)
    for rows in by_verb.values():
        draw.shuffle(rows)
    verbs = sorted(by_verb, key=lambda name: (-len(by_verb[name]), name))
    in_turn = [by_verb[name][turn] for turn in range(shots) for name in verbs if turn < len(by_verb[name])]
    chosen = in_turn[:shots]
    draw.shuffle(chosen)
    return train[chosen]
