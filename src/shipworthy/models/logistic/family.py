"""Logistic regression on a table, kept as JSON: scikit-learn fits it, a dot product predicts.

Shapes: N rows, F features (encoding.py), K classes (one row of weights where there are two) or labels.
"""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import expit, softmax

from shipworthy.core.files import read_json, write_json
from shipworthy.models import label_lists
from shipworthy.models import rows as read
from shipworthy.models.logistic.encoding import Encoding
from shipworthy.models.logistic.schema import Logistic
from shipworthy.models.logistic.solver import solve, solve_labels
from shipworthy.models.probabilities import most_likely, of_two
from shipworthy.models.protocol import Prediction

FILE = "logistic.json"


class LogisticModel:
    """Weights and what they are weights of.

    Attributes:
        names: the classes, or the labels, in sorted order.
    """

    def __init__(self, config: Logistic) -> None:
        self.config = config
        self.names: list[str] = []

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """Minimises the penalised log loss on train; the optimum is one, so `seed` and `validation` are not needed.

        Raises:
            ShipworthyError: train has one class only, or no label, or the solver did not get there in `max_iter` steps.
        """
        config = self.config
        given = label_lists.lists(train) if config.tells_labels else [[one] for one in read.classes(train)]
        names = label_lists.names(given)
        self.encoding = Encoding.of(train, config.max_categories)
        features_NF, c, max_iter = self.encoding.encode(train), config.c, config.max_iter
        if config.tells_labels:
            solved = solve_labels(features_NF, names, label_lists.indicators(given, names), c=c, max_iter=max_iter)
        else:
            answers = [one for (one,) in given]
            solved = solve(features_NF, answers, c=c, max_iter=max_iter, class_weight=config.class_weight)
        self.names, self.weights_KF, self.bias_K = solved.classes, solved.weights_KF, solved.bias_K

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class, or the likely labels, with the probabilities of all."""
        assert self.names, "fit or load first"
        blocks = [block @ self.weights_KF.T + self.bias_K for block in self.encoding.blocks(rows)]
        logits_NK = np.concatenate(blocks) if blocks else np.zeros((0, len(self.bias_K)))
        if self.config.tells_labels:
            return label_lists.predicted(self.names, expit(logits_NK))
        values_NK = of_two(expit(logits_NK[:, 0])) if len(self.names) == 2 else softmax(logits_NK, axis=1)
        return most_likely(self.names, values_NK)

    def save(self, folder: Path) -> None:
        """One JSON file."""
        assert self.names, "fit first"
        write_json(
            folder / FILE,
            {
                self.config.objective: self.names,
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
    model.names = saved[config.objective]
    model.encoding = Encoding(**saved["encoding"])
    model.weights_KF, model.bias_K = np.array(saved["weights"]), np.array(saved["bias"])
    return model
