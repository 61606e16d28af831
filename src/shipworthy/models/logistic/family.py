"""Logistic regression on a table, kept as JSON: scikit-learn fits it, a dot product predicts.

Shapes: N rows, F encoded features, K classes (one row of weights where there are two).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import expit, softmax

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.models import rows as read
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.logistic.solver import solve
from shipworthy.models.protocol import Prediction

FILE = "logistic.json"


@dataclass(frozen=True)
class Encoding:
    """From a table to numbers.

    Attributes:
        categories: column → its categories in sorted order; one that train lacked counts as none.
        numbers: column → (median, mean, scale); a missing number becomes the median.
    """

    categories: dict[str, list[str]]
    numbers: dict[str, tuple[float, float, float]]

    @staticmethod
    def of(train: pl.DataFrame) -> "Encoding":
        """What train shows."""
        names = read.categorical(train)
        categories = {name: sorted(train[name].cast(pl.String).drop_nulls().unique()) for name in names}
        numbers = {name: _scale(train[name]) for name in read.features(train) if name not in categories}
        return Encoding(categories, numbers)

    def encode(self, rows: pl.DataFrame) -> NDArray[np.float64]:
        """Shape (N, F)."""
        table = read.select(rows, [*self.categories, *self.numbers])
        columns = [
            (table[name].cast(pl.String) == category).fill_null(False).cast(pl.Float64)
            for name, categories in self.categories.items()
            for category in categories
        ]
        for name, (median, mean, scale) in self.numbers.items():
            columns.append((table[name].cast(pl.Float64).fill_nan(None).fill_null(median) - mean) / scale)
        return np.column_stack([column.to_numpy() for column in columns])


def _scale(column: pl.Series) -> tuple[float, float, float]:
    values = column.cast(pl.Float64).fill_nan(None).drop_nulls().to_numpy()
    if not len(values):
        raise ArtifactError(f"Column {column.name} of train holds no number at all: drop it in the data config.")
    return float(np.median(values)), float(values.mean()), float(values.std()) or 1.0


class LogisticModel:
    """Weights and what they are weights of."""

    def __init__(self, config: Logistic) -> None:
        self.config = config
        self.classes: list[str] = []

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Minimises the penalised log loss on train; the optimum is one, so `seed` and `validation` are not needed.

        Raises:
            ShipworthyError: train has one class only, or the solver did not get there in `max_iter` steps.
        """
        answers = read.classes(train)
        self.encoding = Encoding.of(train)
        solved = solve(self.encoding.encode(train), answers, c=self.config.c, max_iter=self.config.max_iter)
        self.classes, self.weights_KF, self.bias_K = solved.classes, solved.weights_KF, solved.bias_K

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class; of two classes also the probability of the last in sorted order."""
        assert self.classes, "fit or load first"
        logits_NK = self.encoding.encode(rows) @ self.weights_KF.T + self.bias_K
        if len(self.classes) == 2:
            scores = expit(logits_NK[:, 0])
            return [Prediction(self.classes[int(score > 0.5)], float(score)) for score in scores]
        return [Prediction(self.classes[int(best)]) for best in softmax(logits_NK, axis=1).argmax(axis=1)]

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.classes, "fit first"
        write_json(
            folder / FILE,
            {
                "classes": self.classes,
                "encoding": asdict(self.encoding),
                "weights": self.weights_KF.tolist(),
                "bias": self.bias_K.tolist(),
            },
        )


def create(config: Logistic) -> LogisticModel:
    """An unfitted model."""
    return LogisticModel(config)


def load(config: Logistic, folder: Path) -> LogisticModel:
    """The model that was saved in `folder`."""
    model, saved = LogisticModel(config), read_json(folder / FILE)
    model.classes = saved["classes"]
    model.encoding = Encoding(**saved["encoding"])
    model.weights_KF, model.bias_K = np.array(saved["weights"]), np.array(saved["bias"])
    return model
