"""What every family of models can do: fit (or be trained by `train/`), load, predict."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import polars as pl


@dataclass(frozen=True)
class Prediction:
    """What a model says of one row.

    Attributes:
        text: the answer, or the name of the class.
        score: of two classes, the probability of the last in sorted order (else None).
    """

    text: str
    score: float | None = None


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
