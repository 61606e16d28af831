"""Imputation by gradient-boosted trees from the other features."""

import json
from typing import Any

import numpy as np
import polars as pl
import xgboost

from shipworthy.core.errors import UsageError
from shipworthy.core.progress import track
from shipworthy.data.fitted.interface import FitInput, Learned
from shipworthy.data.fitted.missing.schema import Model
from shipworthy.data.hash_sampling import sample
from shipworthy.models.transform.ops.model_fill import matrix
from shipworthy.models.transform.replay import NUMBER, TIME
from shipworthy.models.transform.transformation import arrays

# Each model is fitted on at most MAX_ROWS rows of train and has at most MAX_CATEGORIES classes.
MAX_ROWS = 50_000
MAX_CATEGORIES = 50


def fit(config: Model, inputs: FitInput) -> Learned:
    """Fits one model per column on the rows that have a value; its inputs are the other features, not imputed.

    Raises:
        UsageError: a column is no feature, has no value in train, or has fewer than 2 or too many categories.
    """
    inputs.require_columns(config.columns, None, "data.fitted.missing.model.columns")
    salt = f"missing {inputs.seed}"
    targets = [
        _target(name, config, inputs, sample(inputs.train.filter(pl.col(name).is_not_null()), MAX_ROWS, salt))
        for name in track(config.columns, "models of missing values", len(config.columns))
    ]
    return Learned([{"op": "model_fill", "targets": targets}])


def _target(name: str, config: Model, inputs: FitInput, rows: pl.DataFrame) -> dict[str, Any]:
    number = inputs.kinds[name] == NUMBER
    classes = None if number else sorted(rows[name].unique())
    if not rows.height or (classes and not 2 <= len(classes) <= MAX_CATEGORIES):
        raise UsageError(
            f"data.fitted.missing.model: {name} has {rows[name].n_unique()} different values on train; a model can "
            f"tell 2 to {MAX_CATEGORIES} names apart: take another method for it."
        )
    features = {
        other: None if kind == NUMBER else sorted(rows[other].drop_nulls().unique())
        for other, kind in inputs.kinds.items()
        if other != name and kind != TIME
    }
    label = rows[name].cast(pl.Float64).to_numpy() if classes is None else _codes(classes, rows[name])
    settings = {
        "objective": "reg:squarederror" if classes is None else "multi:softprob",
        **({} if classes is None else {"num_class": len(classes)}),
        "max_depth": config.max_depth,
        "tree_method": "hist",
        "nthread": 1,
        "seed": inputs.seed,
    }
    given = xgboost.DMatrix(**matrix(features, arrays(rows, inputs.kinds)), label=label)
    booster = xgboost.train(settings, given, config.rounds)
    return {
        "column": name,
        "classes": classes,
        "features": features,
        "booster": json.loads(bytes(booster.save_raw("json"))),
    }


def _codes(classes: list[str], values: pl.Series) -> Any:
    return np.searchsorted(np.array(classes), values.to_numpy().astype(str))
