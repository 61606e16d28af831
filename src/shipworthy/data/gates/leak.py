"""Gate: no feature alone predicts the answer nearly perfectly (target leakage)."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.auc import auc
from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.model_settings import Leak
from shipworthy.data.gates.out_of_fold import is_free_text, out_of_fold_probabilities
from shipworthy.evaluation.intervals import Interval

MAX_CLASSES = 100
"""Answers with more distinct values are free text."""


def check(config: Leak, inputs: GateInput) -> GateResult:
    """Computes, for each feature, the largest out-of-fold area under the ROC curve for any class.

    Raises:
        UsageError: the answers are no classes.
    """
    rows = inputs.sample
    classes = np.array(sorted(rows["answer"].unique()))
    if not 2 <= len(classes) <= MAX_CLASSES:
        raise UsageError(
            f"data.gates.leak: the answers are {len(classes)} classes, not 2 to {MAX_CLASSES}: drop the gate."
        )
    measurements, violations = [], []
    for name, kind in inputs.features.items():
        if is_free_text(rows, name):
            continue  # a text is expected to predict the answer
        probabilities_NC = out_of_fold_probabilities(
            rows, {name: kind}, rows["answer"].to_numpy(), config.folds, f"leak {inputs.seed}", f"what {name} tells"
        )
        best = _best(
            rows["answer"].to_numpy().astype(str), classes, [probabilities_NC, *_raw_scores(rows[name], len(classes))]
        )
        measurements.append(Measurement(f"AUC of {name} alone", best.value, config.max_auc, best.low, best.high))
        if best.value > config.max_auc:
            violations.append(
                f"{name} alone tells the answer with an AUC of {best.value:.3f} ({best.low:.3f} to {best.high:.3f})"
            )
    return GateResult(violations, rows.height, measurements)


def _raw_scores(column: pl.Series, classes: int) -> list[NDArray[np.float64]]:
    """A numeric column and its negative as scores of each class; the model's deciles can hide a rare class."""
    if not column.dtype.is_numeric():
        return []
    values_N = column.cast(pl.Float64).fill_nan(None).fill_null(column.median() or 0).to_numpy()
    return [np.tile((sign * values_N)[:, None], classes) for sign in (1, -1)]


def _best(answers_N: NDArray[Any], classes: NDArray[Any], said: Sequence[NDArray[np.float64]]) -> Interval:
    columns = range(1, len(classes)) if len(classes) == 2 else range(len(classes))
    areas = (auc(answers_N == classes[i], probabilities_NC[:, i]) for probabilities_NC in said for i in columns)
    return max(areas, key=lambda one: one.value)
