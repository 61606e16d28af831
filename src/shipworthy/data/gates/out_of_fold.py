"""Out-of-fold class probabilities by logistic regression, for the gates that fit models.

Shapes: N rows, C classes.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import OneHotEncoder

from shipworthy.core.progress import track
from shipworthy.data.hash_sampling import folds

BINS = 10
MAX_CATEGORIES = 200
"""A column of strings with more distinct values is free text."""


def out_of_fold_probabilities(
    rows: pl.DataFrame,
    features: Mapping[str, pl.DataType],
    answers_N: ArrayLike,
    k: int,
    salt: str,
    what: str,
) -> NDArray[np.float64]:
    """Out-of-fold probabilities of each class in sorted order: shape (N, C).

    Numbers are binned by deciles, categories one-hot encoded, texts TF-IDF encoded by words and bigrams.

    Args:
        rows: with cluster and the features.
        answers_N: the class of each row.
        k: folds, by cluster.
        salt: of the folds.
        what: label of the progress bar.
    """
    encoded = _encode(rows, features)
    answers = np.asarray(answers_N)
    classes = np.unique(answers)
    fold_N = folds(rows["cluster"], k, salt).to_numpy()
    result_NC = np.zeros((rows.height, len(classes)))
    for fold in track(range(k), what, k):
        inside, outside = fold_N == fold, fold_N != fold
        if not inside.any():
            continue
        if len(known := np.unique(answers[outside])) < 2:  # one class: no model
            result_NC[inside] = np.isin(classes, known) if len(known) else 1 / len(classes)
            continue
        model = LogisticRegression(max_iter=300, C=1.0).fit(encoded[outside], answers[outside])
        seen = np.searchsorted(classes, model.classes_)
        result_NC[np.ix_(inside, seen)] = model.predict_proba(encoded[inside])
    return result_NC


def is_free_text(rows: pl.DataFrame, name: str) -> bool:
    """Whether a column of strings has more than `MAX_CATEGORIES` distinct values."""
    return not rows.schema[name].is_numeric() and rows[name].n_unique() > MAX_CATEGORIES


def edges(measurements: pl.Series) -> list[float]:
    """The inner bounds of BINS bins of equal shares; fewer where values repeat."""
    quantiles = [measurements.quantile(i / BINS, "linear") for i in range(1, BINS)]
    return sorted({float(value) for value in quantiles if value is not None})


def binned(measurements: pl.Series, bounds: Sequence[float]) -> pl.Series:
    """The bin of each number, as a string; null where it is missing."""
    place = np.searchsorted(np.array(bounds), measurements.cast(pl.Float64).fill_null(0.0).to_numpy(), side="left")
    return pl.Series(measurements.name, place).cast(pl.String).set(measurements.is_null(), None)


def _encode(rows: pl.DataFrame, features: Mapping[str, pl.DataType]) -> Any:
    names, parts = [], []
    for name in features:
        column = rows[name]
        if is_free_text(rows, name):
            texts = column.cast(pl.String).fill_null("").to_list()
            try:
                parts.append(
                    TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=50_000).fit_transform(texts)
                )
            except ValueError:  # no text holds a word
                continue
        else:
            names.append(binned(column, edges(column)) if column.dtype.is_numeric() else column.cast(pl.String))
    if names:
        table = pl.DataFrame(names).fill_null("\0").to_numpy()
        parts.append(OneHotEncoder(handle_unknown="ignore").fit_transform(table))
    return csr_matrix(hstack(parts))
