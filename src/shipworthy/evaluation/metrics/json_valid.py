"""The share of predictions that are JSON."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._json import parse
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "valid JSON"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "json.loads, strictly as in RFC 8259"
MIND = "It does not look at the answer: an empty object is valid. With a fence of backticks around it, it is not."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if all of the text is one JSON value; shape (n,)."""
    return np.array([_valid(p.text) for p in predictions], dtype=bool)


def _valid(text: str) -> bool:
    try:
        parse(text)
    except ValueError:
        return False
    return True
