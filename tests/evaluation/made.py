"""Metrics of each kind, for tests of what is done with them."""

from types import SimpleNamespace
from typing import Any

import numpy as np

from shipworthy.evaluation.metric import Metric


def made(kind: str, *, up: bool = True, unit: str = "number") -> Metric:
    """A metric; of the kind `whole` it is the root of the mean square."""
    own: Any = SimpleNamespace(
        TITLE=f"{kind} metric", GREATER_IS_BETTER=up, KIND=kind, UNIT=unit, TASKS=("classification",), statistic=rms
    )
    return own  # type: ignore[no-any-return]


def rms(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    found: np.ndarray = np.sqrt(counts @ rows**2 / counts.sum(axis=1))
    return found
