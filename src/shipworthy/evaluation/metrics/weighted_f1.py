"""The mean of F1 over classes, each weighted by its rows."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import coded, counted, f1, ratio
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "weighted F1"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification",)
CLASSES_BY_SIZE = True
LIBRARY = 'sklearn.metrics.f1_score(average="weighted")'
MIND = "Frequent classes decide: of rare ones ask macro_f1."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """The classes of answer and prediction as numbers, shape (n, 2)."""
    return coded(predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    found = counted(rows, counts)
    weighted = np.where(found.answered > 0, found.answered * f1(found), 0.0)
    return ratio(weighted.sum(axis=1), found.answered.sum(axis=1))
