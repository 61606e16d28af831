"""The Matthews correlation coefficient: how answers and predictions correlate over all classes."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import coded, counted, ratio
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "MCC"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("classification",)
LIBRARY = "sklearn.metrics.matthews_corrcoef"
MIND = "From -1 to 1; guessing gives 0, and so does always naming one class. Of answers of one class it has no value."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """The classes of answer and prediction as numbers, shape (n, 2)."""
    return coded(predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    found, total = counted(rows, counts), counts.sum(axis=1)
    together = total * found.right.sum(axis=1) - (found.answered * found.predicted).sum(axis=1)
    answered = total**2 - (found.answered**2).sum(axis=1)
    predicted = total**2 - (found.predicted**2).sum(axis=1)
    # Predictions of one class correlate with nothing: 0, as scikit-learn has it.
    value = np.where(predicted > 0, together, 0.0)
    return ratio(value, np.sqrt(answered * np.where(predicted > 0, predicted, 1.0)))
