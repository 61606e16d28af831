"""Numbers for names: one new column or several in the place of the old one."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ..replay import Columns, put


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column`, and `outputs`: a list of {`name`, `codes` (name → number), `missing`, `unseen` (null: NaN)}."""
    outputs = [
        (one["name"], {**one["codes"], None: _number(one["missing"])}, _number(one["unseen"]))
        for one in step["outputs"]
    ]

    def apply(columns: Columns) -> None:
        values = columns[step["column"]]
        new = {
            name: np.array([codes.get(value, unseen) for value in values], dtype=np.float64)
            for name, codes, unseen in outputs
        }
        put(columns, step["column"], new)

    return apply


def _number(value: float | None) -> float:
    return float("nan") if value is None else value
