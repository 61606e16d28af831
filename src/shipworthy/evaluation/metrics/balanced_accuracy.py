"""The mean over classes of the share of their rows that is right."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import coded, counted, mean_of_known, ratio
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "balanced accuracy"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "share"
TASKS = ("classification",)
LIBRARY = "sklearn.metrics.balanced_accuracy_score"
MIND = "Each class counts the same: a rare one with few rows makes the interval wide."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """The classes of answer and prediction as numbers, shape (n, 2)."""
    return coded(predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    found = counted(rows, counts)
    return mean_of_known(ratio(found.right, found.answered))
