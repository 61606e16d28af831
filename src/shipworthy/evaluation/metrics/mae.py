"""The mean absolute error, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import errors
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "mean absolute error"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("regression",)
LIBRARY = "sklearn.metrics.mean_absolute_error"
MIND = "Whoever answers the median does best without looking: of skewed answers that is not their mean."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The absolute error, shape (n,); None where a prediction is no number."""
    found = errors(predictions, answers)
    return None if found is None else np.abs(found)
