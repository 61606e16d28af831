"""Families that answer one number, whatever is asked: some statistic of train's answers."""

from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

from shipworthy.models import constant
from shipworthy.models.numbers import numbers, predicted
from shipworthy.models.protocol import Prediction


class ConstantModel:
    """The statistic of train's answers."""

    def __init__(self, statistic: Callable[[Sequence[float]], float], number: float | None = None) -> None:
        self.statistic = statistic
        self.number = number

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Reads the answers; `validation` and `seed` are not needed."""
        self.number = self.statistic(numbers(train))

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The same for every row."""
        assert self.number is not None, "fit or load first"
        return predicted([self.number]) * rows.height

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.number is not None, "fit first"
        constant.write(self.number, folder)

    def load(self, folder: Path) -> "ConstantModel":
        """With the number that was saved in `folder`."""
        self.number = constant.load(folder).number
        return self
