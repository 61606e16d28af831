"""The share of rows with the right text."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "exact match"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "compared as they are"
MIND = "A full stop more is a wrong answer; `normalised_match` forgives it."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if it is the same string, white space around it aside; case counts. Shape (n,)."""
    return np.array([p.text.strip() == a.strip() for p, a in zip(predictions, answers, strict=True)], dtype=bool)
