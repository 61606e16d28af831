"""Calls of tools in what a model writes: JSON objects with a name and arguments, wherever they are in the text."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.metrics._json import same
from shipworthy.models.protocol import Prediction

Call = tuple[str, Mapping[str, Any]]
"""Name and arguments."""
DECODER = json.JSONDecoder()


def calls(text: str) -> list[Call]:
    """The calls of a text, as chat templates write them: bare, in a list, or between marks or words.

    `arguments` may be called `parameters`, as Llama's templates do, or be JSON text, as OpenAI's interface does; name
    and arguments may be in a `function`.
    """
    found: list[Call] = []
    place = 0
    while (begin := text.find("{", place)) >= 0:
        try:
            value, place = DECODER.raw_decode(text, begin)
        except (ValueError, RecursionError):
            place = begin + 1
            continue
        found += _within(value)
    return found


def equal(some: Sequence[Call], others: Sequence[Call]) -> bool:
    """Whether they are the same calls; neither their order nor that of their arguments counts."""
    left = list(others)
    for name, arguments in some:
        match = next((one for one in left if one[0] == name and same(dict(arguments), dict(one[1]))), None)
        if match is None:
            return False
        left = [one for one in left if one is not match]
    return not left


def both(
    metric: str, predictions: Sequence[Prediction], answers: Sequence[str]
) -> Iterator[tuple[list[Call], list[Call]]]:
    """The calls of each prediction and of its answer.

    Raises:
        UsageError: no answer calls a tool, so that all would be right who call none.
    """
    expected = [calls(answer) for answer in answers]
    if answers and not any(expected):
        raise UsageError(
            f"Metric {metric} finds no call of a tool in any answer (JSON with a name and arguments, or parameters): "
            "choose another metric."
        )
    return zip((calls(p.text) for p in predictions), expected, strict=True)


def _within(value: dict[str, Any]) -> list[Call]:
    function = value["function"] if isinstance(value.get("function"), dict) else value
    name, arguments = function.get("name"), function.get("arguments", function.get("parameters"))
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments)
        except (ValueError, RecursionError):
            return []
    return [(name, arguments)] if isinstance(name, str) and isinstance(arguments, dict) else []
