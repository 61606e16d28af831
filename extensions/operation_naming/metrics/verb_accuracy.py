"""The share of rows whose name begins with the right verb."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

from ..names import verb

TITLE = "right verb"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "compared by their first words"
MIND = "The rest of the name does not count: exact_match looks at all of it."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if its first word is that of the answer; shape (n,)."""
    return np.array([verb(p.text) == verb(a) for p, a in zip(predictions, answers, strict=True)], dtype=bool)
