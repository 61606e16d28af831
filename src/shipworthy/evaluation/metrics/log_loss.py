"""The mean negative logarithm of the probability of the right class."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._probabilities import of_answers, table
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "log loss"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("classification",)
NO_THRESHOLD = "it looks at probabilities, not at the class that is answered"
LIBRARY = "sklearn.metrics.log_loss"
MIND = "One row that is said to be impossible, and is not, costs 36: see brier for a milder judge."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """In nats, of probabilities not below float64's epsilon; shape (n,); None without probabilities."""
    found = table(predictions)
    if found is None:
        return None
    # Not the negative: of 1 that were -0.
    return np.abs(np.log(np.clip(of_answers(*found, answers), np.finfo(np.float64).eps, 1.0)))
