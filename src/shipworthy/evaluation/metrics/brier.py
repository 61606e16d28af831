"""The Brier score: the squared distance of probabilities from what came true."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._probabilities import of_answers, table
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "Brier score"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "score"
TASKS = ("classification",)
NO_THRESHOLD = "it looks at probabilities, not at the class that is answered"
LIBRARY = "sklearn.metrics.brier_score_loss(scale_by_half=True)"
MIND = "From 0 to 1: half the sum over classes, of two classes (p - y)². It judges calibration and ranking together."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Half the sum over classes (Brier 1950, Monthly Weather Review 78:1); shape (n,); None without probabilities."""
    found = table(predictions)
    if found is None:
        return None
    losses = (found[1] ** 2).sum(axis=1) - 2 * of_answers(*found, answers) + 1
    return np.asarray(np.maximum(losses / 2, 0.0), dtype=np.float64)
