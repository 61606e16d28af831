"""The mean of F1 over classes or labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import coded, counted, f1, mean_of_known
from shipworthy.evaluation.metrics._labels import indicators
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "macro F1"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification", "multi_label")
LIBRARY = 'sklearn.metrics.f1_score(average="macro")'
MIND = (
    "A class that is predicted and never right counts as 0. Labels that no answer has count together as one; a label "
    "that a resample lacks is left out of it."
)


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Of classes their numbers, shape (n, 2); of labels whether they are in answer and prediction, (n, labels, 2)."""
    return indicators(predictions, answers) if task.kind == "multi_label" else coded(predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    return mean_of_known(f1(counted(rows, counts)))
