"""The mean over rows of the share of JSON fields whose values are right."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.metrics._json import Path, fields, parse, same
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TITLE = "right JSON fields"
GREATER_IS_BETTER = True
KIND = "mean"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "compared field by field"
MIND = "A field that is not expected makes it worse; a list is one value, in its order. What is no JSON has none right."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Fields of equal value, of those that answer or prediction have; nested ones are fields of their own. Shape (n,).

    Raises:
        UsageError: an answer is no JSON.
    """
    pairs = zip(predictions, answers, strict=True)
    return np.array([_share(p.text, _expected(answer)) for p, answer in pairs], dtype=np.float64)


def _expected(answer: str) -> dict[Path, Any]:
    try:
        return dict(fields(parse(answer)))
    except ValueError as error:
        raise UsageError(
            f"Metric json_fields compares JSON, and an answer is none ({error}): '{answer[:80]}'; choose another."
        ) from error


def _share(text: str, expected: dict[Path, Any]) -> float:
    try:
        said = dict(fields(parse(text)))
    except ValueError:
        return 0.0
    right = sum(path in said and same(said[path], value) for path, value in expected.items())
    return right / len(said.keys() | expected.keys())
