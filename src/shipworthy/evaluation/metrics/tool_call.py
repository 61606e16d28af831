"""The share of rows that call the right tools with the right arguments."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._calls import both, equal
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "right tool call"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "compared as JSON"
MIND = "It reads calls that are JSON, with a name and arguments, and does not look at the text beside them."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if names and arguments are equal, whatever the order of calls and of keys; shape (n,).

    Raises:
        UsageError: no answer calls a tool.
    """
    pairs = both("tool_call", predictions, answers)
    return np.array([equal(said, right) for said, right in pairs], dtype=bool)
