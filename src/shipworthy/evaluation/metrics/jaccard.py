"""The mean over rows of the labels that answer and prediction share, of all that either has."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._labels import both
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "Jaccard"
GREATER_IS_BETTER = True
KIND = "mean"
UNIT = "share"
TASKS = ("multi_label",)
LIBRARY = 'sklearn.metrics.jaccard_score(average="samples", zero_division=1)'
MIND = "A row without labels is right if none is predicted, and wrong if one is."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Intersection over union; where both are empty 1. Shape (n,)."""
    said, right = both(predictions, answers)
    shares = [
        len(mine & true) / len(mine | true) if mine | true else 1.0 for mine, true in zip(said, right, strict=True)
    ]
    return np.array(shares, dtype=np.float64)
