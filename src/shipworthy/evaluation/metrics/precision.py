"""The share of right rows among those said to be of task.positive."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import against_rest, counted, ratio
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction

TITLE = "precision"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "share"
TASKS = ("classification",)
NEEDS = ("positive",)
NO_THRESHOLD = "it is highest where hardly a row is called positive"
LIBRARY = "sklearn.metrics.precision_score(pos_label=task.positive)"
MIND = (
    "It needs task.positive; whoever names it once, and rightly, has 100%: look at recall beside it. "
    "Without a prediction of that class it is 0."
)


def score(task: Classification, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Whether answer and prediction are the positive class, shape (n, 1, 2)."""
    return against_rest(task.positive, predictions, answers)


def right(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric: rows that are said to be positive."""
    return np.where(rows[:, 0, 1] == 1, rows[:, 0, 0], np.nan)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    found = counted(rows, counts)
    right, answered, predicted = (one[:, 0] for one in found)
    # Who never names a class that there is has no precision; scikit-learn calls that 0, and so a candidate has a value.
    return np.where((predicted == 0) & (answered > 0), 0.0, ratio(right, predicted))
