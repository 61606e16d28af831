"""A feature that is the answer in disguise."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.auc import auc
from shipworthy.data.gates.model import is_text, probabilities
from shipworthy.data.gates.schema import Leak
from shipworthy.data.gates.view import Finding, Number, View
from shipworthy.evaluation.intervals import Interval

CLASSES = 100
"""More of them are free text."""


def check(config: Leak, view: View) -> Finding:
    """The best area that one feature alone reaches for any class, out of fold.

    Raises:
        UsageError: the answers are no classes.
    """
    rows = view.sample
    classes = np.array(sorted(rows["answer"].unique()))
    if not 2 <= len(classes) <= CLASSES:
        raise UsageError(f"data.gates.leak: the answers are {len(classes)} classes, not 2 to {CLASSES}: drop the gate.")
    numbers, faults = [], []
    for name, kind in view.features.items():
        if is_text(rows, name):
            continue  # what a text says of the answer is what the model is to learn
        said_NC = probabilities(
            rows, {name: kind}, rows["answer"].to_numpy(), config.folds, f"leak {view.seed}", f"what {name} tells"
        )
        best = _best(rows["answer"].to_numpy().astype(str), classes, [said_NC, *_itself(rows[name], len(classes))])
        numbers.append(Number(f"AUC of {name} alone", best.value, config.most, best.low, best.high))
        if best.value > config.most:
            faults.append(
                f"{name} alone tells the answer with an AUC of {best.value:.3f} ({best.low:.3f} to {best.high:.3f})"
            )
    return Finding(faults, rows.height, numbers)


def _itself(column: pl.Series, classes: int) -> list[NDArray[np.float64]]:
    """A number and its negative as scores of each class: the model sees tenths, in which a rare class may hide."""
    if not column.dtype.is_numeric():
        return []
    values_N = column.cast(pl.Float64).fill_nan(None).fill_null(column.median() or 0).to_numpy()
    return [np.tile((sign * values_N)[:, None], classes) for sign in (1, -1)]


def _best(answers_N: NDArray[Any], classes: NDArray[Any], said: Sequence[NDArray[np.float64]]) -> Interval:
    columns = range(1, len(classes)) if len(classes) == 2 else range(len(classes))
    areas = (auc(answers_N == classes[i], said_NC[:, i]) for said_NC in said for i in columns)
    return max(areas, key=lambda one: one.value)
