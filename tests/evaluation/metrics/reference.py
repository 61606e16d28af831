"""A metric beside the library that defines it, on rows as they are and on rows counted several times."""

import warnings
from collections.abc import Callable, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from shipworthy.evaluation.metric import metric
from shipworthy.models.protocol import Prediction

Reference = Callable[[Sequence[Prediction], Sequence[str]], float]
SEEDS = range(6)
COUNTINGS = 8


def task(kind: str, **settings: Any) -> Any:
    """As much of a task as metrics read."""
    return SimpleNamespace(kind=kind, **{"positive": "", "costs": {}, **settings})


def told(*texts: str) -> list[Prediction]:
    return [Prediction(text) for text in texts]


def values(name: str, rows: Any, counts: Any) -> Any:
    """A metric's value for each row of counts; numpy must not warn."""
    with warnings.catch_warnings(), np.errstate(divide="raise", invalid="raise", over="raise"):
        warnings.simplefilter("error")
        if metric(name).KIND == "whole":
            return metric(name).statistic(rows, counts)
        return counts @ rows / counts.sum(axis=1)


def agrees(
    name: str,
    of: Any,
    said: Sequence[Prediction],
    answers: Sequence[str],
    reference: Reference,
    seed: int = 0,
    within: float = 1e-9,
) -> None:
    """The metric is the reference's, and so it is of each resample, repeated as it is counted."""
    rows = metric(name).score(of, said, answers)
    assert rows is not None
    n = len(answers)
    drawn = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=COUNTINGS)
    counts = np.vstack([np.ones(n, dtype=int), drawn]).astype(float)
    found = values(name, rows, counts)
    assert found.shape == (COUNTINGS + 1,)
    for value, count in zip(found, counts.astype(int), strict=True):
        repeated = np.repeat(np.arange(n), count)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that a class has no rows
            expected = float(reference([said[i] for i in repeated], [answers[i] for i in repeated]))
        assert value == pytest.approx(expected, abs=within, nan_ok=True)
