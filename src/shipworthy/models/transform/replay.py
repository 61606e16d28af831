"""Applies a saved transformation to raw rows.

Packages carry this file, and those of ops/ that their steps name: they need numpy, and XGBoost where an operation asks
a model.

A transformation is JSON: {"inputs": {column: "number", "name" or "time"}, "steps": [{"op": …, …}]}; an `op` is the file
of its name in ops/, and its `make(step)` gives the function that changes the columns.
"""

import importlib
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

Columns = dict[str, NDArray[Any]]
"""Column → its values: float64 with NaN for missing (numbers; times in seconds since 1970, UTC), or str with None for
missing (names)."""
NUMBER, NAME, TIME = "number", "name", "time"
ISO = r"\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?)?"
"""A day or a moment as text (ISO 8601), with or without an offset from UTC."""
MOMENT = re.compile(ISO)


class Replay:
    """A saved transformation, ready to be applied.

    Attributes:
        inputs: column → number, name or time.
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.inputs: dict[str, str] = saved["inputs"]
        self.steps: list[Callable[[Columns], None]] = [
            importlib.import_module(f"{__package__}.ops.{step['op']}").make(step) for step in saved["steps"]
        ]

    def __call__(self, columns: Columns) -> Columns:
        """The columns that the model looks at, in order; `columns` are those of `inputs`."""
        columns = dict(columns)
        for step in self.steps:
            step(columns)
        return columns

    def column(self, name: str, values: Iterable[Any]) -> NDArray[Any]:
        """The raw values of one input as the steps want them; None is missing."""
        if self.inputs[name] == TIME:
            return seconds(values)
        if self.inputs[name] == NUMBER:
            return np.array([np.nan if value is None else float(value) for value in values], dtype=np.float64)
        return names(None if v is None else str(v).lower() if isinstance(v, bool) else str(v) for v in values)


def seconds(values: Iterable[Any]) -> NDArray[np.float64]:
    """Days and moments as seconds since 1970 in UTC, shape (n,); NaN for what is missing or is neither."""
    known: dict[Any, float] = {}
    found = []
    for value in values:
        if value not in known:
            known[value] = _second(value)
        found.append(known[value])
    return np.array(found, dtype=np.float64)


def _second(value: Any) -> float:
    text = str(value).strip()
    if not MOMENT.fullmatch(text):
        return float("nan")
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:  # a 30th of February
        return float("nan")
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def names(values: Iterable[str | None]) -> NDArray[Any]:
    """Shape (n,), of objects."""
    found = list(values)
    array = np.empty(len(found), dtype=object)
    array[:] = found
    return array


def missing(values: NDArray[Any]) -> NDArray[np.bool_]:
    """Where nothing is; shape (n,)."""
    return np.array([value is None for value in values], dtype=bool) if values.dtype == object else np.isnan(values)


def put(columns: Columns, old: str, new: Columns) -> None:
    """Sets `new` where `old` stood, which goes."""
    items = list(columns.items())
    columns.clear()
    for name, values in items:
        columns.update(new if name == old else {name: values})
