"""Average precision, the area under the precision-recall curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics import _ranking
from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "average precision"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification", "multi_label")
NO_THRESHOLD = "it looks at probabilities, not at the class that is answered"
LIBRARY = "sklearn.metrics.average_precision_score"
MIND = (
    "Of task.positive, else the mean over classes. By chance it is the share of the class, so that values of two "
    "datasets do not compare."
)


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Probability of each class, and 1 if the row is of it or 0; shape (n, classes, 2); None without probabilities."""
    return _ranking.ranked(task, predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over classes; see metric.Metric.statistic."""
    return _ranking.mean_of_classes(rows, counts, _average_precision)


def _average_precision(positives: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.float64]:
    precision = positives / np.maximum(reach, np.finfo(np.float64).tiny)
    precision *= np.diff(positives, axis=1, prepend=0.0)
    return ratio(precision.sum(axis=1), positives[:, -1])
