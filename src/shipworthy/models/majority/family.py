"""The most frequent answer of documents, whatever is asked: what a metric is worth without looking."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import polars as pl

from shipworthy.core.files import read_json, write_json
from shipworthy.models import rows as read
from shipworthy.models.documents import documents
from shipworthy.models.majority.schema import Majority
from shipworthy.models.protocol import Prediction

FILE = "majority.json"
MOST_CLASSES = 1000
"""Of more distinct answers the shares are not kept: they are texts, not classes."""


class MajorityModel:
    """One answer for all rows, with each class's share of train; of as frequent answers the first in sorted order."""

    def __init__(self, prediction: Prediction | None = None) -> None:
        self.prediction = prediction

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Counts; `validation` and `seed` are not needed."""
        counts = Counter(read.answers(documents(train)))
        text = min(counts, key=lambda answer: (-counts[answer], answer))
        shares = {name: counts[name] / counts.total() for name in sorted(counts)}
        self.prediction = Prediction(text, shares if len(shares) <= MOST_CLASSES else None)

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The same for every row."""
        assert self.prediction, "fit or load first"
        return [self.prediction] * rows.height

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.prediction, "fit first"
        write_json(folder / FILE, {"text": self.prediction.text, "probabilities": self.prediction.probabilities})


def create(config: Majority) -> MajorityModel:
    """An unfitted model."""
    return MajorityModel()


def load(config: Majority, folder: Path) -> MajorityModel:
    """The model that was saved in `folder`."""
    return MajorityModel(Prediction(**read_json(folder / FILE)))
