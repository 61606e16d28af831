"""A constant where a value is missing."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..replay import Columns, missing


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`, `value`."""
    name, value = step["column"], step["value"]

    def apply(columns: Columns) -> None:
        old = columns[name]
        columns[name] = np.where(missing(old), value, old)

    return apply
