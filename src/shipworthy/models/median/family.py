"""One number for all rows: the median of train's answers.

No constant has a smaller mean absolute error (Laplace 1774; Koenker 2005, Quantile Regression, section 1.3), so that
whoever does not beat it has learned nothing of the columns.
"""

from collections.abc import Sequence
from pathlib import Path
from statistics import median

import polars as pl

from shipworthy.core.files import read_json, write_json
from shipworthy.models.median.schema import Median
from shipworthy.models.numbers import numbers, predicted
from shipworthy.models.protocol import Prediction

FILE = "median.json"


class MedianModel:
    """The median; of an even number of answers the mean of the two in the middle."""

    def __init__(self, number: float | None = None) -> None:
        self.number = number

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Sorts; `validation` and `seed` are not needed."""
        self.number = median(numbers(train))

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The same for every row."""
        assert self.number is not None, "fit or load first"
        return predicted([self.number]) * rows.height

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.number is not None, "fit first"
        write_json(folder / FILE, {"number": self.number})


def create(config: Median) -> MedianModel:
    """An unfitted model."""
    return MedianModel()


def load(config: Median, folder: Path) -> MedianModel:
    """The model that was saved in `folder`."""
    return MedianModel(read_json(folder / FILE)["number"])
