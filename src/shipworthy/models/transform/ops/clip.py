"""What lies outside two bounds becomes the nearer bound."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..replay import Columns


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`, `low`, `high`."""

    def apply(columns: Columns) -> None:
        columns[step["column"]] = np.clip(columns[step["column"]], step["low"], step["high"])

    return apply
