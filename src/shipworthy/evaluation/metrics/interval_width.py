"""The mean width of the intervals, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import bounds
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "interval width"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("regression",)
NEEDS = ("interval",)
NO_DECISION = "the narrowest intervals hold nothing"
LIBRARY = "high - low; also called MPIW"
MIND = "It does not look at the answers: of intervals that hold as many of them, the narrower ones say more."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """High - low, shape (n,); None where a prediction has no interval."""
    found = bounds(predictions, answers)
    return None if found is None else found[:, 2] - found[:, 1]
