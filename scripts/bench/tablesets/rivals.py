"""Models to compare with, each by its library's own defaults, as who knows it would call it on a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
from numpy.typing import NDArray

from scripts.bench.tablesets.table import BenchTable
from shipworthy.data.fitted.build import fit
from shipworthy.data.fitted.schema import Fitting
from shipworthy.models.build import create
from shipworthy.models.xgboost.schema import XGBoost

MOST_OF_HISTOGRAMS = 255
"""Categories that HistGradientBoosting takes; of a column with more, the codes are given as numbers."""
MANY_NAMES = 100


@dataclass(frozen=True)
class Said:
    """What a model says of the test rows.

    Attributes:
        classes: the most likely one of each row.
        scores: of two classes the probability of the last in sorted order, else None.
    """

    classes: list[str]
    scores: list[float] | None


def ours(table: BenchTable, seed: int, fitting: Fitting | None = None, model: XGBoost | None = None) -> Said:
    """The project's defaults: columns encoded as `prepare` does, then `model=xgboost`."""
    fitted = fit(fitting or Fitting(), table.rows.lazy(), table.features, seed)
    rows = fitted.apply(table.rows.lazy()).collect()
    train, validation, test = (rows.filter(split=name).drop("split") for name in ("train", "validation", "test"))
    known = validation.filter(pl.col("answer").is_in(train["answer"].unique().implode()))
    trees = create(model or XGBoost())
    trees.fit(train, known, seed)
    said = trees.predict(test.drop("answer"))
    last = trees.classes[-1] if len(trees.classes) == 2 else None
    scores = [one.probabilities[last] for one in said if one.probabilities is not None and last is not None]
    return Said([one.text for one in said], scores or None)


def xgboost_plain(table: BenchTable, seed: int) -> Said:
    """XGBClassifier() with enable_categorical, on train."""
    return _xgboost(table, seed)


def xgboost_stopped(table: BenchTable, seed: int) -> Said:
    """The same with as many trees as validation asks for."""
    return _xgboost(table, seed, n_estimators=1000, early_stopping_rounds=30)


def xgboost_without(table: BenchTable, seed: int) -> Said | None:
    """The first without the columns of many names; None where there is none."""
    train = table.split("train")
    many = [name for name, kind in table.features.items() if kind == pl.String and train[name].n_unique() > MANY_NAMES]
    return _xgboost(BenchTable(table.rows.drop(many)), seed) if many else None


def histograms(table: BenchTable, seed: int) -> Said:
    """HistGradientBoostingClassifier(), on train."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    frames = _frames(table, MOST_OF_HISTOGRAMS)
    model = HistGradientBoostingClassifier(random_state=seed, categorical_features="from_dtype")
    model.fit(frames["train"], table.split("train")["answer"].to_list())
    return _said(model, frames["test"], [str(one) for one in model.classes_])


RIVALS: dict[str, Callable[[BenchTable, int], Said | None]] = {
    "xgboost": xgboost_plain,
    "xgboost, early stopping": xgboost_stopped,
    "xgboost, no many names": xgboost_without,
    "HistGradientBoosting": histograms,
}


def _xgboost(table: BenchTable, seed: int, **settings: Any) -> Said:
    import xgboost

    frames = _frames(table, None)
    classes = sorted(set(table.split("train")["answer"]))
    model = xgboost.XGBClassifier(enable_categorical=True, random_state=seed, n_jobs=2, **settings)
    given = {}
    if settings:
        known = table.split("validation")["answer"].is_in(classes).to_numpy()
        codes = _codes(table.split("validation").filter(pl.Series(known)), classes)
        given = {"eval_set": [(frames["validation"][known], codes)], "verbose": False}
    model.fit(frames["train"], _codes(table.split("train"), classes), **given)
    return _said(model, frames["test"], classes)


def _codes(rows: pl.DataFrame, classes: list[str]) -> NDArray[np.int64]:
    return np.array([classes.index(answer) for answer in rows["answer"]])


def _said(model: Any, test: pd.DataFrame, classes: list[str]) -> Said:
    shares = model.predict_proba(test)
    best = [classes[int(one)] for one in shares.argmax(axis=1)]
    return Said(best, shares[:, 1].tolist() if len(classes) == 2 else None)


def _frames(table: BenchTable, most: int | None) -> dict[str, pd.DataFrame]:
    """The splits for pandas: names as categories of train (or codes, of more than `most`), times as days."""
    train = table.split("train")
    made: dict[str, pl.Series] = {}
    categories: dict[str, list[str]] = {}
    for name, kind in table.features.items():
        values = table.rows[name]
        if kind == pl.String:
            known = sorted(train[name].drop_nulls().unique())
            if most is not None and len(known) > most:
                values = values.replace_strict(known, range(len(known)), default=None, return_dtype=pl.Float64)
            else:
                categories[name] = known
        elif kind.is_temporal():
            values = values.cast(pl.Datetime("us")).to_physical().cast(pl.Float64) / 8.64e10
        made[name] = values
    frame = pl.DataFrame(made).to_pandas()
    for name, known in categories.items():
        frame[name] = pd.Categorical(frame[name], categories=known)
    split = table.rows["split"].to_numpy()
    return {name: frame[split == name] for name in ("train", "validation", "test")}
