"""F1 of all labels of all rows together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "micro F1"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "score"
TASKS = ("multi_label",)
CLASSES_BY_SIZE = True
LIBRARY = 'sklearn.metrics.f1_score(average="micro")'
MIND = "Frequent labels decide. Of single classes it would be the accuracy."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Labels that are right, in the answer, and in the prediction; shape (n, 3)."""
    said, right = both(predictions, answers)
    sizes = [(len(mine & true), len(true), len(mine)) for mine, true in zip(said, right, strict=True)]
    return np.array(sizes, dtype=np.float64).reshape(-1, 3)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """See metric.Metric.statistic."""
    hits, answered, predicted = (counts @ rows).T
    return ratio(2 * hits, answered + predicted)
