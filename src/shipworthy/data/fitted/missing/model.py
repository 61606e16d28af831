"""What trees say of a missing value from the other features."""

import json
from typing import Any

import numpy as np
import polars as pl
import xgboost

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import track
from shipworthy.data.fitted.method import Learned, Subject
from shipworthy.data.fitted.missing.schema import Model
from shipworthy.data.hash_sampling import sample
from shipworthy.models.transform.ops.model_fill import matrix
from shipworthy.models.transform.replay import NUMBER
from shipworthy.models.transform.transformation import arrays

# Each model is fitted on at most so many rows of train, and tells at most so many names apart.
MOST_ROWS = 50_000
MOST_NAMES = 50


def fit(config: Model, subject: Subject) -> Learned:
    """One model per column, each on the rows that have a value; inputs are the features as they came.

    Raises:
        UsageError: a column is no feature, is always or never there, or holds too many names.
    """
    subject.need(config.columns, None, "data.fitted.missing.model.columns")
    salt = f"missing {subject.seed}"
    targets = [
        _target(name, config, subject, sample(subject.train.filter(pl.col(name).is_not_null()), MOST_ROWS, salt))
        for name in track(config.columns, "models of missing values", len(config.columns))
    ]
    return Learned([{"op": "model_fill", "targets": targets}])


def _target(name: str, config: Model, subject: Subject, rows: pl.DataFrame) -> dict[str, Any]:
    number = subject.kinds[name] == NUMBER
    classes = None if number else sorted(rows[name].unique())
    if not rows.height or (classes and not 2 <= len(classes) <= MOST_NAMES):
        raise UsageError(
            f"data.fitted.missing.model: {name} has {rows[name].n_unique()} different values on train; a model can "
            f"tell 2 to {MOST_NAMES} names apart: take another method for it."
        )
    features = {
        other: None if kind == NUMBER else sorted(rows[other].drop_nulls().unique())
        for other, kind in subject.kinds.items()
        if other != name
    }
    label = rows[name].cast(pl.Float64).to_numpy() if classes is None else _codes(classes, rows[name])
    settings = {
        "objective": "reg:squarederror" if classes is None else "multi:softprob",
        **({} if classes is None else {"num_class": len(classes)}),
        "max_depth": config.max_depth,
        "tree_method": "hist",
        "nthread": 1,
        "seed": subject.seed,
    }
    given = xgboost.DMatrix(**matrix(features, arrays(rows, subject.kinds)), label=label)
    booster = xgboost.train(settings, given, config.rounds)
    return {
        "column": name,
        "classes": classes,
        "features": features,
        "booster": json.loads(bytes(booster.save_raw("json"))),
    }


def _codes(classes: list[str], values: pl.Series) -> Any:
    return np.searchsorted(np.array(classes), values.to_numpy().astype(str))
