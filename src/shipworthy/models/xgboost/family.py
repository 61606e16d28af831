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
from shipworthy.models import label_lists
from shipworthy.models import rows as read
from shipworthy.models.numbers import numbers, predicted, quantiles
from shipworthy.models.probabilities import most_likely, of_two
from shipworthy.models.protocol import Prediction, Round
from shipworthy.models.xgboost.row_weights import of_rows
from shipworthy.models.xgboost.schema import NUMBERS, XGBoost

TREES = "xgboost.json"
COLUMNS = "columns.json"
Answers = Sequence[float] | NDArray[np.float32]
ROWS_AT_ONCE = 50_000
"""Rows that are asked about at once."""


class XGBoostModel:
    """Trees, the columns they look at and the codes of their categories.

    Attributes:
        classes: in sorted order, or the labels instead; none where it answers numbers.
        history: one entry per tree: step, the loss on train (`loss`) and on validation (`val_loss`): log loss of
            classes, the mean one of labels, of numbers the root of the mean squared error, the mean absolute error, or
            the mean pinball loss of the quantiles.
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
            ShipworthyError: train has one class only, or no label.
            ArtifactError: validation holds a class that train lacks, or an answer is no number, or no list of labels,
                where such are learned.
        """
        labels = self._answers(train, validation)
        self.columns = read.features(train)
        self.categories = {
            name: sorted(train[name].cast(pl.String).drop_nulls().unique()) for name in read.categorical(train)
        }
        weights = [of_rows(self.config.class_weight, labels[0], own) for own in labels]
        trees = self._boost(
            self._matrix(train, labels[0], weights[0]), self._matrix(validation, labels[1], weights[1]), seed
        )
        yield from track(trees, "xgboost, trees", self.config.rounds)

    def _answers(self, train: pl.DataFrame, validation: pl.DataFrame) -> tuple[Answers, Answers]:
        """As numbers: the places of classes, 0 or 1 for each label, or what they are."""
        if self.config.tells_classes:
            return self._classes(train, validation)
        if not self.config.tells_labels:
            return numbers(train), numbers(validation)
        given = label_lists.lists(train)
        self.classes = label_lists.names(given)
        unseen = label_lists.lists(validation)
        return label_lists.indicators(given, self.classes), label_lists.indicators(unseen, self.classes)

    def _classes(self, train: pl.DataFrame, validation: pl.DataFrame) -> tuple[list[int], list[int]]:
        """The places of the answers among the classes of train."""
        answers, unseen = read.classes(train), read.answers(validation)
        self.classes = sorted(set(answers))
        if new := sorted(set(unseen) - set(self.classes)):
            raise ArtifactError(f"Validation holds the class {new[0]}, which train lacks: split the data again.")
        place = {name: number for number, name in enumerate(self.classes)}
        return [place[one] for one in answers], [place[one] for one in unseen]

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
        config, many = self.config, self.config.tells_classes and len(self.classes) > 2
        # Of a matrix of labels it makes trees of their own for each.
        of_names = ("multi:softprob", "mlogloss") if many else ("binary:logistic", "logloss")
        objective, loss = NUMBERS.get(config.objective, of_names)
        return {
            "objective": objective,
            **({"num_class": len(self.classes)} if many else {}),
            **({"quantile_alpha": list(config.quantiles)} if config.tells_quantiles else {}),
            "eval_metric": loss,
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

    def _matrix(
        self,
        rows: pl.DataFrame,
        labels: Answers | None = None,
        weights_N: NDArray[np.float64] | None = None,
    ) -> xgboost.DMatrix:
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
        return xgboost.DMatrix(
            filled_NF,
            label=labels,
            weight=weights_N,
            # XGBoost refuses [ ] and < in a name: its features are numbered, in the order of `columns`.
            feature_names=[f"f{number}" for number in range(len(self.columns))],
            feature_types=["c" if name in self.categories else "q" for name in self.columns],
            enable_categorical=True,
            nthread=self.config.threads,
        )

    def predict(self, rows: pl.DataFrame) -> Sequence[Prediction]:
        """The most likely class, or the likely labels, with the probabilities of all; or a number, with its bounds."""
        assert self.columns, "fit or load first"
        blocks = (rows[start : start + ROWS_AT_ONCE] for start in range(0, rows.height, ROWS_AT_ONCE))
        return [one for block in blocks for one in self._predictions(self.booster.predict(self._matrix(block)))]

    def _predictions(self, given: NDArray[np.float32]) -> Sequence[Prediction]:
        if self.config.tells_labels:
            return label_lists.predicted(self.classes, given.reshape(-1, len(self.classes)))
        if not self.config.tells_classes:
            return quantiles(given) if self.config.tells_quantiles else predicted(given)
        return most_likely(self.classes, of_two(given) if len(self.classes) == 2 else given)

    def save(self, folder: Path) -> None:
        """Two JSON files."""
        assert self.columns, "fit first"
        self.booster.save_model(folder / TREES)
        named = "labels" if self.config.tells_labels else "classes"
        write_json(folder / COLUMNS, {named: self.classes, "columns": self.columns, "categories": self.categories})


def create(config: XGBoost) -> XGBoostModel:
    """An unfitted model."""
    return XGBoostModel(config)


def load(config: XGBoost, folder: Path) -> XGBoostModel:
    """The model that was saved in `folder`."""
    model, saved = XGBoostModel(config), read_json(folder / COLUMNS)
    model.classes = saved["labels"] if config.tells_labels else saved["classes"]
    model.columns, model.categories = saved["columns"], saved["categories"]
    model.booster.load_model(folder / TREES)
    model.booster.set_param({"nthread": config.threads})
    return model
