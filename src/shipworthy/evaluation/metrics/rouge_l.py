"""The mean over rows of ROUGE-L: the F1 of the longest common subsequence of words."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._words import f1, rouge
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "ROUGE-L"
GREATER_IS_BETTER = True
KIND = "mean"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = 'rouge_score.rouge_scorer.RougeScorer(["rougeL"])'
MIND = "Only the letters a to z and digits make words: of other scripts it sees nothing. It judges words, not truth."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """F1 of the words in common order; where neither side has words, 1 if the texts are equal. Shape (n,)."""
    return np.array([_f1(p.text, answer) for p, answer in zip(predictions, answers, strict=True)], dtype=np.float64)


def _f1(said: str, right: str) -> float:
    mine, true = rouge(said), rouge(right)
    if not mine or not true:
        return float(said == right)
    return f1(common(mine, true), len(mine), len(true))


def common(one: Sequence[str], other: Sequence[str]) -> int:
    """The length of their longest common subsequence, all of a table's row at once in the bits of a number.

    Hyyrö 2004, Bit-parallel LCS-length computation revisited: a bit is 0 where the table's row rises.
    """
    every = (1 << len(one)) - 1
    places: dict[str, int] = {}
    for i, word in enumerate(one):
        places[word] = places.get(word, 0) | 1 << i
    row = every
    for word in other:
        matches = row & places.get(word, 0)
        row = (row + matches | row - matches) & every
    return len(one) - row.bit_count()
