"""The mean absolute error as a share of the answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import numbers
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "mean absolute percentage error"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("regression",)
LIBRARY = "sklearn.metrics.mean_absolute_percentage_error"
MIND = "Answers near 0 rule it, and an answer of 0 ruins it; what is too low is forgiven sooner. 0.2 are 20%."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The absolute error over the answer's size, shape (n,); None where a prediction is no number."""
    pairs = numbers(predictions, answers)
    if pairs is None:
        return None
    return np.abs(pairs[:, 1] - pairs[:, 0]) / np.maximum(np.abs(pairs[:, 0]), np.finfo(np.float64).eps)
