"""The interval score: the mean width, and a penalty for each answer outside, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import bounds
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.protocol import Prediction

TITLE = "interval score"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("regression",)
NEEDS = ("interval",)
LIBRARY = "Gneiting and Raftery 2007, JASA 102:359, section 6.2; also Winkler 1972"
MIND = (
    "It judges the interval, not the answer in it. What lies outside costs 2 / (1 - task.interval) times its distance."
)


def score(task: Regression, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Width + 2 / (1 - level) times the distance outside, shape (n,); None where a prediction has no interval."""
    found = bounds(predictions, answers)
    if found is None:
        return None
    answer_N, low_N, high_N = found.T
    outside_N = np.maximum(0, low_N - answer_N) + np.maximum(0, answer_N - high_N)
    return np.asarray(high_N - low_N + 2 / (1 - task.interval) * outside_N, dtype=np.float64)
