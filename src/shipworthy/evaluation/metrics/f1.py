"""The harmonic mean of precision and recall of task.positive."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import against_rest, counted, f1
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction

TITLE = "F1"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification",)
NEEDS = ("positive",)
LIBRARY = "sklearn.metrics.f1_score(pos_label=task.positive)"
MIND = "It needs task.positive, does not see rows that are rightly another class, and depends on the threshold."


def score(task: Classification, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Whether answer and prediction are the positive class, shape (n, 1, 2)."""
    return against_rest(task.positive, predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    return f1(counted(rows, counts))[:, 0]
