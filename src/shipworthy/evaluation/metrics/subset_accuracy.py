"""The share of rows with exactly the right labels."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "subset accuracy"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("multi_label",)
LIBRARY = "sklearn.metrics.accuracy_score"
MIND = "One label too many makes a row wrong: the more labels, the harsher."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if the labels are the same, in whatever order; shape (n,)."""
    said, right = both(predictions, answers)
    return np.array([mine == true for mine, true in zip(said, right, strict=True)], dtype=bool)
