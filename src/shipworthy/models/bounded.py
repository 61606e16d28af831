"""A model whose numbers have intervals."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from shipworthy.models import conformal
from shipworthy.models.conformal import Conformal
from shipworthy.models.protocol import Prediction, Predictor


@dataclass(frozen=True)
class Bounded:
    """A `Predictor` that says the same numbers as `model`."""

    model: Predictor
    interval: Conformal

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """See protocol.Predictor."""
        return bounded(self.interval, self.model.predict(rows))


def bounded(interval: Conformal, given: Sequence[Prediction]) -> list[Prediction]:
    """The same predictions, each with its interval; all are numbers."""
    found = []
    for one in given:
        assert one.number is not None, "what has an interval is a number"
        low, high = interval.bounds(one.number, one.low, one.high)
        found.append(replace(one, low=low, high=high))
    return found


def learn(level: float, given: Sequence[Prediction], answers: Sequence[str]) -> Conformal:
    """From what a model says of rows that it was not fitted to, before they have intervals.

    Raises:
        ValueError: fewer rows than conformal.rows_needed, or an answer is no number.
    """
    return conformal.fit(level, [_outside(one, float(answer)) for one, answer in zip(given, answers, strict=True)])


def _outside(given: Prediction, answer: float) -> float:
    """How far an answer lies outside a model's own bounds, or from its number."""
    low, high = (given.number if end is None else end for end in (given.low, given.high))
    assert low is not None and high is not None, "what has an interval is a number"
    return max(low - answer, answer - high)
