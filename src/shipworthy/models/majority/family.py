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


class MajorityModel:
    """One answer for all rows; of several that are as frequent, the first in sorted order."""

    def __init__(self, prediction: Prediction | None = None) -> None:
        self.prediction = prediction

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Counts; `validation` and `seed` are not needed."""
        counts = Counter(read.answers(documents(train)))
        last = read.two_classes(list(counts))
        text = min(counts, key=lambda answer: (-counts[answer], answer))
        self.prediction = Prediction(text, counts[last] / counts.total() if last else None)

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The same for every row."""
        assert self.prediction, "fit or load first"
        return [self.prediction] * rows.height

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.prediction, "fit first"
        write_json(folder / FILE, {"text": self.prediction.text, "score": self.prediction.score})


def create(config: Majority) -> MajorityModel:
    """An unfitted model."""
    return MajorityModel()


def load(config: Majority, folder: Path) -> MajorityModel:
    """The model that was saved in `folder`."""
    return MajorityModel(Prediction(**read_json(folder / FILE)))
