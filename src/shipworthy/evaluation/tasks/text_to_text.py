"""Text to text: a prediction is correct if it is the same string but for surrounding white space; case counts."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.names import verb
from shipworthy.models.protocol import Prediction


def per_row(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    """`exact_match` and, where answers have words of which the first is a verb, `verb_accuracy`; each of shape (n,)."""
    pairs = [(prediction.text.strip(), answer.strip()) for prediction, answer in zip(predictions, answers, strict=True)]
    found = {"exact_match": np.array([text == answer for text, answer in pairs], dtype=bool)}
    if task.metric == "verb_accuracy" or any(verb(answer) != answer for _, answer in pairs):
        found["verb_accuracy"] = np.array([verb(text) == verb(answer) for text, answer in pairs], dtype=bool)
    return found


def more(task: Task, predictions: Sequence[Prediction], answers: Sequence[str], seed: int) -> dict[str, Interval]:
    """Nothing beside the means over rows."""
    return {}
