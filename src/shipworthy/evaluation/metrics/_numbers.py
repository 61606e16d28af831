"""Predictions and answers as numbers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.protocol import Prediction


def numbers(predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Answer and prediction of each row, shape (n, 2); None where a prediction is no number.

    Raises:
        ValueError: an answer is none.
    """
    pairs = [(float(answer), p.number) for p, answer in zip(predictions, answers, strict=True)]
    if any(said is None for _, said in pairs):
        return None
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def errors(predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Prediction - answer, shape (n,); None where a prediction is no number."""
    pairs = numbers(predictions, answers)
    return None if pairs is None else pairs[:, 1] - pairs[:, 0]


def bounds(predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """Answer, low and high of each row, shape (n, 3); None where a prediction has no interval.

    Raises:
        ValueError: an answer is no number.
    """
    rows = [(float(answer), p.low, p.high) for p, answer in zip(predictions, answers, strict=True)]
    if any(low is None or high is None for _, low, high in rows):
        return None
    return np.array(rows, dtype=np.float64).reshape(-1, 3)
