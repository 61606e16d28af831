"""Answers that are numbers: what a family reads of train, and what it says."""

from collections.abc import Iterable
from math import isfinite

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ArtifactError
from shipworthy.models import rows as read
from shipworthy.models.protocol import Prediction


def numbers(rows: pl.DataFrame) -> list[float]:
    """The answers to learn from.

    Raises:
        ArtifactError: there are none, or one is no number.
    """
    found = []
    for answer in read.answers(rows):
        try:
            number = float(answer)
        except ValueError:
            number = float("nan")
        if not isfinite(number):
            raise ArtifactError(f"The answer '{answer}' is no number: make the dataset with a task of regression.")
        found.append(number)
    return found


def predicted(values: Iterable[float]) -> list[Prediction]:
    """A prediction for each number; its text is the number as Python and JSON write it."""
    return [Prediction(repr(number), number=number) for number in map(float, values)]


def quantiles(values_N3: NDArray[np.floating]) -> list[Prediction]:
    """A prediction for each row of a lower quantile, the median and an upper one.

    Each was learned on its own, so that they may cross: they are put in order, which makes none of them worse
    (Chernozhukov, Fernandez-Val and Galichon 2010, Econometrica 78:1093).
    """
    ordered = np.sort(values_N3.reshape(-1, 3), axis=1).astype(np.float64).tolist()
    return [Prediction(repr(number), number=number, low=low, high=high) for low, number, high in ordered]
