"""The share of labels that are wrongly there or missing."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "Hamming loss"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "share"
TASKS = ("multi_label",)
LIBRARY = "sklearn.metrics.hamming_loss"
MIND = (
    "Of many labels that are mostly absent it is small whatever is predicted. It is a share of the labels that the "
    "answers have; others that are predicted count as wrong."
)


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Labels in the answer or the prediction alone, as a share of the labels that the answers have, 1 at most; (n,)."""
    said, right = both(predictions, answers)
    every = max(1, len(frozenset().union(*right)))
    wrong = [len(mine ^ true) / every for mine, true in zip(said, right, strict=True)]
    return np.minimum(np.array(wrong, dtype=np.float64), 1.0)
