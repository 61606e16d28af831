"""A model whose answers follow from its probabilities by a threshold."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from shipworthy.models.decision import Decision
from shipworthy.models.protocol import Prediction, Predictor


@dataclass(frozen=True)
class Decided:
    """A `Predictor` that says the same probabilities as `model`."""

    model: Predictor
    decision: Decision

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """See protocol.Predictor."""
        return decided(self.decision, self.model.predict(rows))


def decided(decision: Decision, given: Sequence[Prediction]) -> list[Prediction]:
    """The same predictions with the answers of a decision; each knows the probabilities of both classes."""
    return [
        one if one.probabilities is None else replace(one, text=decision.answer(one.probabilities)) for one in given
    ]
