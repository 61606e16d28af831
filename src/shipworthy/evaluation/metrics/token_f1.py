"""The mean over rows of the F1 of words that prediction and answer share."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._words import f1, squad
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "token F1"
GREATER_IS_BETTER = True
KIND = "mean"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "SQuAD, evaluate-v2.0.py: F1; torchmetrics.text.SQuAD"
MIND = "The order of words does not count: `not good, bad` is as right as `not bad, good`."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """F1 of words as often as they are there; where a side has none, 1 if neither has any. Shape (n,)."""
    pairs = zip(predictions, answers, strict=True)
    return np.array([_f1(squad(p.text), squad(answer)) for p, answer in pairs], dtype=np.float64)


def _f1(said: list[str], right: list[str]) -> float:
    if not said or not right:
        return float(said == right)
    return f1((Counter(said) & Counter(right)).total(), len(said), len(right))
