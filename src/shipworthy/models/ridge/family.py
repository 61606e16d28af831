"""Linear regression with an L2 penalty on a table, kept as JSON: scikit-learn fits it, a dot product predicts.

Shapes: N rows, F features (models/logistic/encoding.py).
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.files import read_json, write_json
from shipworthy.models.logistic.encoding import Encoding, Features
from shipworthy.models.numbers import numbers, predicted
from shipworthy.models.protocol import Prediction
from shipworthy.models.ridge.schema import Ridge

FILE = "ridge.json"


class RidgeModel:
    """Weights and what they are weights of."""

    def __init__(self, config: Ridge) -> None:
        self.config = config
        self.weights_F: NDArray[np.float64] | None = None
        self.bias = 0.0

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Minimises the penalised squared error on train; of optima there is one: `seed` and `validation` go unused."""
        from sklearn import linear_model  # here, for predicting does not need it

        answers = numbers(train)
        self.encoding = Encoding.of(train, self.config.max_categories)
        solver = linear_model.Ridge(alpha=self.config.penalty, tol=1e-8)
        solver.fit(self.encoding.encode(train), answers)
        self.weights_F, self.bias = np.asarray(solver.coef_, dtype=np.float64), float(solver.intercept_)

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """A number for each row."""
        assert self.weights_F is not None, "fit or load first"
        return [one for block in self.encoding.blocks(rows) for one in predicted(self._values(block))]

    def _values(self, features_NF: Features) -> NDArray[np.float64]:
        """Row by row, so that a row is answered alike alone and among others, to the last digit; shape (N,)."""
        if isinstance(features_NF, np.ndarray):
            return np.asarray((features_NF * self.weights_F).sum(axis=1) + self.bias)
        return np.asarray(features_NF @ self.weights_F + self.bias, dtype=np.float64)

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.weights_F is not None, "fit first"
        saved = {"encoding": asdict(self.encoding), "weights": self.weights_F.tolist(), "bias": self.bias}
        write_json(folder / FILE, saved)


def create(config: Ridge) -> RidgeModel:
    """An unfitted model."""
    return RidgeModel(config)


def load(config: Ridge, folder: Path) -> RidgeModel:
    """The model that was saved in `folder`."""
    model, saved = RidgeModel(config), read_json(folder / FILE)
    model.encoding = Encoding(**saved["encoding"])
    model.weights_F, model.bias = np.array(saved["weights"]), saved["bias"]
    return model
