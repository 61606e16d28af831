"""The expected calibration error: how far confidence is from the share of right rows, in 15 bins."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import ratio, summed
from shipworthy.evaluation.metrics._probabilities import table
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

EDGES = np.linspace(0.0, 1.0, 16)
"""Of the bins."""

TITLE = "calibration error"
GREATER_IS_BETTER = False
KIND = "whole"
UNIT = "score"
TASKS = ("classification",)
CLASSES_BY_SIZE = True
NO_THRESHOLD = "it looks at probabilities, not at the class that is answered"
LIBRARY = "torchmetrics.classification.MulticlassCalibrationError(n_bins=15)"
MIND = "Of few rows it is too high, even for a perfectly calibrated model; and it says nothing of accuracy."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The highest probability, and 1 if its class is right or 0; shape (n, 2); None without probabilities."""
    found = table(predictions)
    if found is None:
        return None
    classes, known = found
    right = [classes[top] == answer for top, answer in zip(known.argmax(axis=1), answers, strict=True)]
    return np.column_stack([known.max(axis=1), right]).astype(np.float64)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of bins of equal width (Guo et al. 2017, arXiv:1706.04599); see metric.Metric.statistic."""
    place = np.searchsorted(EDGES, rows[:, 0], side="right") - 1
    bins = len(EDGES) - 1
    gaps = summed(rows[:, 1] - rows[:, 0], np.clip(place, 0, bins - 1), bins, counts)
    return ratio(np.abs(gaps).sum(axis=1), counts.sum(axis=1))
