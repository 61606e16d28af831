"""A new column: 1 where a value lies outside two bounds, else 0."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..replay import Columns


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`, `low`, `high`, `output`."""

    def apply(columns: Columns) -> None:
        values = columns[step["column"]]
        columns[step["output"]] = ((values < step["low"]) | (values > step["high"])).astype(np.float64)

    return apply
