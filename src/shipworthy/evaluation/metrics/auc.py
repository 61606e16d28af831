"""The area under the ROC curve: how likely a row of a class gets a higher probability of it than one of another."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics import _ranking
from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "AUC"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification", "multi_label")
NO_THRESHOLD = "it looks at probabilities, not at the class that is answered"
LIBRARY = 'sklearn.metrics.roc_auc_score(multi_class="ovr", average="macro")'
MIND = (
    "Of task.positive, else the mean over classes, each against the rest. It ranks rows, and says nothing of the "
    "threshold that answers are given by."
)


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Probability of each class, and 1 if the row is of it or 0; shape (n, classes, 2); None without probabilities."""
    return _ranking.ranked(task, predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The mean over classes; see metric.Metric.statistic."""
    return _ranking.mean_of_classes(rows, counts, _area)


def _area(positives: NDArray[np.float64], reach: NDArray[np.float64]) -> NDArray[np.float64]:
    """The share of pairs of a positive and a negative row that are in order, ties half (Hanley and McNeil 1982)."""
    negatives = reach - positives
    before = np.diff(negatives, axis=1, prepend=0.0)
    lost = ((positives[:, -1:] - positives) * before).sum(axis=1)
    tied = (np.diff(positives, axis=1, prepend=0.0) * before).sum(axis=1)
    pairs = positives[:, -1] * negatives[:, -1]
    return 1 - ratio(lost + tied / 2, pairs)
