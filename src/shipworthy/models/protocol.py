"""What every family of models can do: fit (or be trained by `train/`), load, predict."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

import polars as pl


@dataclass(frozen=True)
class Prediction:
    """What a model says of one row.

    Attributes:
        text: the answer, the name of the class, or the number as it is written; of several labels a JSON list.
        probabilities: class or label → how likely it is, from 0 to 1; of classes they sum to 1 (None: not known).
        number: the answer as a number (None: it is none).
        low, high: an interval that should hold the right number in a share of rows that was asked for, in its unit; a
            row has both or neither (None).
    """

    text: str
    probabilities: Mapping[str, float] | None = None
    number: float | None = None
    low: float | None = None
    high: float | None = None


class Predictor(Protocol):
    """A model that can be asked."""

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """One prediction per row of a split's inputs (shape: rows of the dataset, without `answer`), in order."""
        ...


class Fittable(Predictor, Protocol):
    """A family that fits itself; networks are trained by `train/` instead."""

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Learns from splits with an `answer` column (str)."""
        ...

    def save(self, folder: Path) -> None:
        """Writes what `load` needs into an empty folder; never a pickle."""
        ...


@dataclass(frozen=True)
class Round:
    """A fit after one of its rounds.

    Attributes:
        entry: what is known of it: `step`, counted from 1, and losses; kept in the model's `history`.
        answers: what the model as it is says of the validation rows.
    """

    entry: dict[str, float]
    answers: Callable[[], Sequence[Prediction]]


@runtime_checkable
class InRounds(Fittable, Protocol):
    """A family whose fit goes in rounds that can be looked at, one after another.

    Attributes:
        history: the entry of each round so far.
    """

    history: list[dict[str, float]]

    def rounds(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> Iterator[Round]:
        """Fits as `fit` does, and stands still after each round; whoever takes no more of them leaves it unfitted.

        After the last round the model is that of the round whose `val_loss` is the lowest, of equals the first.
        """
        ...
