"""The share of the rows of task.positive that are found."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import against_rest, counted, ratio
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction

TITLE = "recall"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "share"
TASKS = ("classification",)
NEEDS = ("positive",)
NO_THRESHOLD = "it is highest where every row is called positive"
LIBRARY = "sklearn.metrics.recall_score(pos_label=task.positive)"
MIND = "It needs task.positive; whoever always names it has 100%: look at precision beside it."


def score(task: Classification, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Whether answer and prediction are the positive class, shape (n, 1, 2)."""
    return against_rest(task.positive, predictions, answers)


def right(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric: rows of the positive class."""
    return np.where(rows[:, 0, 0] == 1, rows[:, 0, 1], np.nan)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    found = counted(rows, counts)
    return ratio(found.right[:, 0], found.answered[:, 0])
