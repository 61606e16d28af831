"""The median absolute error, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import errors
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "median absolute error"
GREATER_IS_BETTER = False
KIND = "whole"
UNIT = "number"
TASKS = ("regression",)
LIBRARY = "sklearn.metrics.median_absolute_error"
MIND = "It does not see the worse half of the errors, however large they are."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The absolute error, shape (n,); None where a prediction is no number."""
    found = errors(predictions, answers)
    return None if found is None else np.abs(found)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """The one in the middle, of an even number the mean of two; see metric.Metric.statistic."""
    order = np.argsort(rows, kind="stable")
    found = np.full(len(counts), np.nan)
    for b, count in enumerate(counts):
        ranks = np.cumsum(count[order])
        if ranks[-1] > 0:
            both = np.searchsorted(ranks, [np.ceil(ranks[-1] / 2), ranks[-1] // 2 + 1])
            found[b] = rows[order[both]].mean()
    return found
