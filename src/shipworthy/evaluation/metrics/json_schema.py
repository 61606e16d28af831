"""The share of predictions that are JSON of task.schema."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.metrics._json import parse
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.protocol import Prediction

TITLE = "JSON of the schema"
GREATER_IS_BETTER = True
KIND = "right"
UNIT = "share"
TASKS = ("text_to_text",)
NEEDS = ("schema",)
LIBRARY = "jsonschema.Draft202012Validator, or the draft that $schema names"
MIND = "It needs task.schema, a JSON Schema, and does not look at the answer; `format` is not checked."


def score(task: TextToText, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Right if all of the text is one JSON value that the schema takes; shape (n,).

    Raises:
        UsageError: the schema refers to what it does not hold; nothing is fetched.
    """
    from jsonschema.validators import validator_for
    from referencing.exceptions import Unresolvable
    from referencing.jsonschema import EMPTY_REGISTRY

    validator = validator_for(task.schema)(task.schema, registry=EMPTY_REGISTRY)
    try:
        return np.array([_valid(p.text, validator) for p in predictions], dtype=bool)
    except Unresolvable as error:
        raise UsageError(f"task.schema refers to {error.ref}, which it does not hold: put it into $defs.") from error


def _valid(text: str, validator: Any) -> bool:
    try:
        value = parse(text)
    except ValueError:
        return False
    return bool(validator.is_valid(value))
