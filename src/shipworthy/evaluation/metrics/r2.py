"""The coefficient of determination: how much of the answers' variance is explained."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.metrics._numbers import numbers
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

EQUAL = 1e-12
"""What varies by so small a share does not."""

TITLE = "R²"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("regression",)
LIBRARY = "sklearn.metrics.r2_score"
MIND = "Their mean gives 0. It depends on how much the answers vary: values of two datasets do not compare."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The answer's distance from their median, and the error; shape (n, 2); None where a prediction is no number."""
    pairs = numbers(predictions, answers)
    if pairs is None:
        return None
    return np.column_stack([pairs[:, 0] - np.median(pairs[:, 0]), pairs[:, 1] - pairs[:, 0]])


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    sums, squares, errors = (counts @ np.column_stack([rows[:, 0], rows**2])).T
    total = counts.sum(axis=1)
    # Of distances from the median, which are small; what is left of equal answers is rounding.
    varies = squares - ratio(sums**2, total)
    return 1 - ratio(errors, np.where(varies > EQUAL * squares, varies, 0.0))
