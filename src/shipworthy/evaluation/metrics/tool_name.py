"""The share of rows that call the right tools, whatever the arguments."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._calls import Call, both
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "right tool"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "compared as they are"
MIND = "It reads calls that are JSON, with a name and arguments: a call that was cut off is none."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if the same names are called as often, in whatever order; shape (n,).

    Raises:
        UsageError: no answer calls a tool.
    """
    pairs = both("tool_name", predictions, answers)
    return np.array([_names(said) == _names(right) for said, right in pairs], dtype=bool)


def _names(found: Sequence[Call]) -> list[str]:
    return sorted(name for name, _ in found)
