"""The share of rows with the right text, case, punctuation, articles and white space aside."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._words import squad
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "normalised match"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "SQuAD, evaluate-v1.1.py: exact match; torchmetrics.text.SQuAD"
MIND = "Articles are English ones, punctuation is ASCII's; 3.5 and 35 are the same to it."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if the same words are left (see _words.squad); shape (n,)."""
    pairs = zip(predictions, answers, strict=True)
    return np.array([squad(p.text) == squad(answer) for p, answer in pairs], dtype=bool)
