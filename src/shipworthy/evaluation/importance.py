"""How much a model leans on each column: permutation importance (Breiman 2001, Machine Learning 45:5), with intervals.

A column's values are exchanged among the rows, and what the metric loses is its importance. The rows are those of
validation, so that nothing of the test split is read.
"""

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.progress import track
from shipworthy.evaluation.intervals import Interval, mean
from shipworthy.models.protocol import Prediction, Predictor

MOST_ROWS = 1000
MOST_COLUMNS = 20
"""Columns that are measured with REPEATS; of more the first exchange says which."""
REPEATS = 5

ByRow = Callable[[Sequence[Prediction], Sequence[str]], NDArray[np.float64]]
"""How good each prediction is, given the answers, more being better; shape (n,)."""


def importances(
    model: Predictor, rows: pl.DataFrame, columns: Sequence[str], by_row: ByRow, seed: int
) -> dict[str, Interval]:
    """Column → what the mean of the rows loses without it, in their unit, the largest first.

    The interval is a bootstrap over the rows, of the mean of REPEATS exchanges.

    Args:
        model: answers rows without `answer`.
        rows: with `answer`; at most MOST_ROWS of them are used.
        columns: that the model looks at.
        by_row: says how good each row is.
        seed: of the rows, the exchanges and the bootstrap.
    """
    draws = np.random.default_rng(seed)
    if rows.height > MOST_ROWS:
        rows = rows[np.sort(draws.permutation(rows.height)[:MOST_ROWS])]
    answers = rows["answer"].to_list()
    whole_N = by_row(model.predict(rows.drop("answer")), answers)

    def lost(column: str, repeats: int) -> NDArray[np.float64]:
        """What each row loses on the mean of some exchanges; shape (N,)."""
        orders = [draws.permutation(rows.height) for _ in range(repeats)]
        asked = [rows.drop("answer").with_columns(rows[column].gather(order)) for order in orders]
        given = model.predict(pl.concat(asked))
        good_RN = by_row(given, answers * repeats).reshape(repeats, rows.height)
        lost_N: NDArray[np.float64] = whole_N - good_RN.mean(axis=0)
        return lost_N

    names = list(columns)
    if len(names) > MOST_COLUMNS:
        once = {name: lost(name, 1).mean() for name in track(names, "importance, columns", len(names))}
        names = sorted(names, key=lambda name: -once[name])[:MOST_COLUMNS]
    found: dict[str, Interval] = {}
    for name in track(names, "importance, intervals", len(names)):
        found[name] = mean(lost(name, REPEATS), seed)
    return dict(sorted(found.items(), key=lambda one: -one[1].value))
