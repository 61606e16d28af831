"""Gradient-boosted trees on a table, kept as XGBoost's own JSON beside the categories' codes."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import xgboost
from numpy.typing import NDArray

from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.progress import track
from shipworthy.models import rows as read
from shipworthy.models.protocol import Prediction, Round
from shipworthy.models.xgboost.schema import XGBoost

TREES = "xgboost.json"
COLUMNS = "columns.json"
ROWS_AT_ONCE = 50_000
"""Rows that are asked about at once."""


class XGBoostModel:
    """Trees, the columns they look at and the codes of their categories.

    Attributes:
        history: one entry per tree: step, log loss on train (`loss`) and on validation (`val_loss`).
    """

    def __init__(self, config: XGBoost) -> None:
        self.config = config
        self.classes: list[str] = []
        self.columns: list[str] = []
        self.categories: dict[str, list[str]] = {}
        self.history: list[dict[str, float]] = []
        self.booster = xgboost.Booster()

    def fit(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> None:
        """What `rounds` does, without a look in between."""
        for _ in self.rounds(train, validation, seed):
            pass

    def rounds(self, train: pl.DataFrame, validation: pl.DataFrame, seed: int) -> Iterator[Round]:
        """Adds trees until the loss on validation no longer falls; keeps those up to its lowest.

        Raises:
            ShipworthyError: train has one class only.
            ArtifactError: validation holds a class that train lacks.
        """
        answers, unseen = read.classes(train), read.answers(validation)
        self.classes = sorted(set(answers))
        if new := sorted(set(unseen) - set(self.classes)):
            raise ArtifactError(f"Validation holds the class {new[0]}, which train lacks: split the data again.")
        self.columns = read.features(train)
        self.categories = {
            name: sorted(train[name].cast(pl.String).drop_nulls().unique()) for name in read.categorical(train)
        }
        trees = self._boost(self._matrix(train, answers), self._matrix(validation, unseen), seed)
        yield from track(trees, "xgboost, trees", self.config.rounds)

    def _boost(self, train: xgboost.DMatrix, validation: xgboost.DMatrix, seed: int) -> Iterator[Round]:
        booster = xgboost.Booster(self._parameters(seed), [train, validation])
        best, best_loss = 0, float("inf")
        for step in range(self.config.rounds):
            booster.update(train, step)
            line = booster.eval_set([(train, "train"), (validation, "validation")], step)
            losses = [float(part.rpartition(":")[2]) for part in line.split("\t")[1:]]
            self.history.append({"step": step + 1, "loss": losses[0], "val_loss": losses[1]})
            if losses[1] < best_loss:
                best, best_loss = step, losses[1]
            yield Round(self.history[-1], lambda: self._predictions(booster.predict(validation)))
            if step - best >= self.config.early_stopping_rounds:
                break
        self.booster = booster[: best + 1]

    def _parameters(self, seed: int) -> dict[str, Any]:
        many = len(self.classes) > 2
        config = self.config
        return {
            "objective": "multi:softprob" if many else "binary:logistic",
            **({"num_class": len(self.classes)} if many else {}),
            "eval_metric": "mlogloss" if many else "logloss",
            "tree_method": "hist",
            "max_depth": config.max_depth,
            "learning_rate": config.learning_rate,
            "subsample": config.subsample,
            "colsample_bytree": config.colsample,
            "min_child_weight": config.min_child_weight,
            "reg_lambda": config.reg_lambda,
            "nthread": config.threads,
            "seed": seed,
        }

    def _matrix(self, rows: pl.DataFrame, answers: Sequence[str] | None = None) -> xgboost.DMatrix:
        """Codes for categories; NaN for what is missing and for a category that train lacked.

        The table is made in float32, which is what XGBoost keeps of it, column by column.
        """
        table = read.select(rows, self.columns)
        filled_NF = np.empty((table.height, len(self.columns)), dtype=np.float32)
        for place, name in enumerate(self.columns):
            values = table[name]
            if (known := self.categories.get(name)) is not None:
                values = read.codes(values, known)
            filled_NF[:, place] = values.cast(pl.Float64).fill_null(float("nan")).to_numpy()
        code = {name: number for number, name in enumerate(self.classes)}
        return xgboost.DMatrix(
            filled_NF,
            label=None if answers is None else [code[answer] for answer in answers],
            # XGBoost refuses [ ] and < in a name: its features are numbered, in the order of `columns`.
            feature_names=[f"f{number}" for number in range(len(self.columns))],
            feature_types=["c" if name in self.categories else "q" for name in self.columns],
            enable_categorical=True,
            nthread=self.config.threads,
        )

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class; of two classes also the probability of the last in sorted order."""
        assert self.classes, "fit or load first"
        blocks = (rows[start : start + ROWS_AT_ONCE] for start in range(0, rows.height, ROWS_AT_ONCE))
        return [one for block in blocks for one in self._predictions(self.booster.predict(self._matrix(block)))]

    def _predictions(self, shares: NDArray[np.float32]) -> Sequence[Prediction]:
        if len(self.classes) == 2:
            return [Prediction(self.classes[int(share > 0.5)], float(share)) for share in shares]
        return [Prediction(self.classes[int(best)]) for best in shares.argmax(axis=1)]

    def save(self, folder: Path) -> None:
        """Two JSON files."""
        assert self.classes, "fit first"
        self.booster.save_model(folder / TREES)
        write_json(folder / COLUMNS, {"classes": self.classes, "columns": self.columns, "categories": self.categories})


def create(config: XGBoost) -> XGBoostModel:
    """An unfitted model."""
    return XGBoostModel(config)


def load(config: XGBoost, folder: Path) -> XGBoostModel:
    """The model that was saved in `folder`."""
    model, saved = XGBoostModel(config), read_json(folder / COLUMNS)
    model.classes, model.columns, model.categories = saved["classes"], saved["columns"], saved["categories"]
    model.booster.load_model(folder / TREES)
    model.booster.set_param({"nthread": config.threads})
    return model
