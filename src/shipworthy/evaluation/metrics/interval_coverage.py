"""The share of rows whose interval holds the answer."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import bounds
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "answer in the interval"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("regression",)
NEEDS = ("interval",)
NO_DECISION = "it should be near task.interval, and who gives endless intervals has 100%"
LIBRARY = "counted; also called PICP"
MIND = "More than task.interval is no better: those intervals are too wide. Look at it by slice."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_] | None:
    """Whether it does, shape (n,); None where a prediction has no interval."""
    found = bounds(predictions, answers)
    if found is None:
        return None
    answer_N, low_N, high_N = found.T
    return np.asarray((low_N <= answer_N) & (answer_N <= high_N), dtype=np.bool_)
