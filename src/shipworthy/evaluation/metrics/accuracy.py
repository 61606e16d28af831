"""The share of rows with the right class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "accuracy"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("classification",)
LIBRARY = "sklearn.metrics.accuracy_score"
MIND = "Of rare classes it says little: whoever never names a class of 1% is right in 99%."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if it is the class; shape (n,)."""
    return np.array([p.text == a for p, a in zip(predictions, answers, strict=True)], dtype=bool)
