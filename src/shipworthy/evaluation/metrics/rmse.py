"""The root of the mean squared error, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.metrics._numbers import errors
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "root mean squared error"
GREATER_IS_BETTER = False
KIND = "whole"
UNIT = "number"
TASKS = ("regression",)
LIBRARY = "sklearn.metrics.root_mean_squared_error"
MIND = "A few large errors decide: an outlier of ten times the usual error counts as a hundred rows."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The squared error, shape (n,); None where a prediction is no number."""
    found = errors(predictions, answers)
    return None if found is None else found**2


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    return np.sqrt(ratio(counts @ rows, counts.sum(axis=1)))
