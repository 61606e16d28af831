"""What one column tells about the answer, out of fold: fast enough for hundreds of columns.

A column is made into codes: its values where they are few, else bins of numbers. The share of each class among the rows
of a code in the other folds is a row's score, so that a value that is in one row alone, such as an id, says no more
than the class's share; the area under the ROC curve is computed from the counts.

Shapes: N rows, C classes, F folds, V codes.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.data.gates.auc import interval_of
from shipworthy.evaluation.intervals import Interval

BINS = 64
"""Bins of a column of numbers, of equal shares and of equal widths."""
FEW_BINS = 16
"""Bins of equal widths where there are few rows."""
TINY = 1e-300
FEW_VALUES = 200
"""Texts of more distinct values are also looked at in their alphabetical order, as an id that was given by class."""
PRIOR_ROWS = 1.0
"""Rows with the classes' shares that are added to each code, so that a rare value is not certain."""
MAX_CLASSES = 20
LEAST_ROWS = 20
"""Of a class that is measured."""

Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Labelled:
    """The answers of N rows, and the fold of each.

    Attributes:
        answers: shape (N,), text.
        fold_N: from 0.
    """

    answers: pl.Series
    fold_N: NDArray[np.int64]

    @cached_property
    def classes(self) -> Codes:
        """The class of each row, by the order of the names; shape (N,)."""
        return self.answers.rank("dense").to_numpy().astype(np.int64) - 1

    @cached_property
    def sizes(self) -> NDArray[np.int64]:
        """The rows of each class; shape (C,)."""
        return np.bincount(self.classes)

    @cached_property
    def measured(self) -> list[int]:
        """The classes that are measured: the largest MAX_CLASSES with LEAST_ROWS rows; of two classes the rarer one."""
        largest = [int(one) for one in np.argsort(-self.sizes, kind="stable")[:MAX_CLASSES]]
        return largest[-1:] if len(self.sizes) == 2 else [one for one in largest if self.sizes[one] >= LEAST_ROWS]

    def name(self, one: int) -> str:
        """Of a class."""
        return str(self.answers.filter(pl.Series(self.classes == one))[0])

    @cached_property
    def folds(self) -> int:
        """How many there are."""
        return int(self.fold_N.max()) + 1


def quarters(numbers: pl.Series) -> pl.Series:
    """Of each number the quarter of all that it is in, as text; fewer where many numbers are equal."""
    edges = np.unique(np.quantile(numbers.to_numpy(), (0.25, 0.5, 0.75)))
    return pl.Series(np.searchsorted(edges, numbers.to_numpy(), side="left")).cast(pl.String)


def told(column: pl.Series, labelled: Labelled) -> Interval:
    """How well a column tells the classes: the AUC of the class that it tells worst, one class against the rest.

    The worst, for that one class of several can be told perfectly is usual (iris: setosa by the petals), while a copy
    of the answer tells them all.
    """
    best = np.zeros(len(labelled.measured))
    for codes in (coded(column), *_in_order(column), *_evenly(column)):
        best = np.maximum(best, out_of_fold_areas(codes, labelled))
    if (ranks := _ranks(column)) is not None:
        best = np.maximum(best, _rank_areas(ranks, labelled))
    return worst(best, labelled)


def told_together(left: pl.Series, right: pl.Series, labelled: Labelled) -> Interval:
    """The same of two columns: their codes together, and of numbers also sum, difference, product and quotient."""
    a, b = coded(left, 16), coded(right, 16)
    best = out_of_fold_areas(a * (int(b.max()) + 1) + b, labelled)
    if left.dtype.is_numeric() and right.dtype.is_numeric():
        x, y = as_number(left), as_number(right)
        for made in map(as_number, (x + y, x - y, x * y, x / y)):
            for codes in (coded(made), *_evenly(made)):
                best = np.maximum(best, out_of_fold_areas(codes, labelled))
    return worst(best, labelled)


def as_number(column: pl.Series) -> pl.Series:
    """As Float64, what is not finite as missing."""
    numbers = column.cast(pl.Float64)
    return numbers.to_frame("v").select(pl.when(pl.col("v").is_finite()).then("v"))["v"]


def is_copy(column: pl.Series, labelled: Labelled) -> bool:
    """Whether a column has exactly one value (missing is one) for each class, as a copy of the answer has."""
    return column.n_unique() == len(labelled.sizes)


def coded(column: pl.Series, bins: int = BINS) -> Codes:
    """A code from 0 for each row: of few values the value, of many numbers the bin; missing has its own.

    Shape (N,).
    """
    if not column.dtype.is_numeric() or column.n_unique() <= bins:
        return _dense(column)
    numbers = column.cast(pl.Float64).fill_nan(None)
    known = numbers.drop_nulls().to_numpy()
    edges = np.unique(np.quantile(known, np.arange(1, bins) / bins)) if len(known) else np.zeros(0)
    place = np.searchsorted(edges, numbers.fill_null(0.0).to_numpy(), side="left") + 1
    return np.where(numbers.is_null().to_numpy(), 0, place).astype(np.int64)


def out_of_fold_areas(codes: Codes, labelled: Labelled) -> NDArray[np.float64]:
    """The area under the ROC curve of each measured class, shape (measured,)."""
    _, codes = np.unique(codes, return_inverse=True)
    values, classes, folds = int(codes.max()) + 1, len(labelled.measured), labelled.folds
    cell_N = labelled.fold_N * values + codes
    whole_FV = np.bincount(cell_N, minlength=folds * values).reshape(folds, values)
    seen_FV = whole_FV > 0
    others = (whole_FV.sum(axis=0) - whole_FV)[seen_FV].astype(np.float64)
    rows = whole_FV[seen_FV]
    areas = np.zeros(classes)
    for i, one in enumerate(labelled.measured):
        mine_FV = np.bincount(cell_N[labelled.classes == one], minlength=folds * values).reshape(folds, values)
        # The class's share in the other folds is what an unknown value gets.
        outside_F = mine_FV.sum() - mine_FV.sum(axis=1)
        prior_F = outside_F / np.maximum(1, whole_FV.sum() - whole_FV.sum(axis=1))
        prior = np.broadcast_to(prior_F[:, None], seen_FV.shape)[seen_FV]
        score = ((mine_FV.sum(axis=0) - mine_FV)[seen_FV] + PRIOR_ROWS * prior) / (others + PRIOR_ROWS)
        areas[i] = area_of_counts(score, mine_FV[seen_FV], rows - mine_FV[seen_FV])
    return areas


def area_of_counts(scores: NDArray[Any], yes: NDArray[Any], no: NDArray[Any]) -> float:
    """The area under the ROC curve of groups of rows with one score each; ties count half.

    Args:
        scores: of each group; the larger, the more likely the class.
        yes, no: its rows of the class, and the others.
    """
    _, place = np.unique(scores, return_inverse=True)
    yes, no = np.bincount(place, weights=yes), np.bincount(place, weights=no)
    below = np.cumsum(no) - no
    return float((yes * (below + no / 2)).sum() / (yes.sum() * no.sum()))


def _dense(column: pl.Series) -> Codes:
    return column.rank("dense").fill_null(0).to_numpy().astype(np.int64)


def _in_order(column: pl.Series) -> list[Codes]:
    """The bins of many texts in alphabetical order."""
    if column.dtype.is_numeric() or column.n_unique() <= FEW_VALUES:
        return []
    return [coded(column.rank("dense").cast(pl.Float64))]


def _evenly(column: pl.Series) -> Iterator[Codes]:
    """Bins of many numbers that are equally wide: those of equal shares put a rare class together with others."""
    if not column.dtype.is_numeric() or column.n_unique() <= 2:
        return
    numbers = as_number(column)
    low, high = (float(cast(float, end)) for end in (numbers.min() or 0.0, numbers.max() or 0.0))
    known = numbers.is_not_null().to_numpy()
    share = (numbers.fill_null(low).to_numpy() / 2 - low / 2) / max(high / 2 - low / 2, TINY)  # halves never overflow
    for bins in (BINS, FEW_BINS):
        place = share * (bins - 1)
        yield np.where(known, place.round().astype(np.int64) + 1, 0)


def _ranks(column: pl.Series) -> NDArray[np.float64] | None:
    """The ranks of many numbers, missing in the middle: bins can hide a rare class."""
    if not column.dtype.is_numeric() or column.n_unique() <= BINS:
        return None
    numbers = column.cast(pl.Float64).fill_nan(None)
    middle = numbers.median()
    return numbers.fill_null(middle).rank("average").to_numpy()


def _rank_areas(rank_N: NDArray[np.float64], labelled: Labelled) -> NDArray[np.float64]:
    """The area of each measured class by the numbers themselves, upwards or downwards, whichever is larger."""
    areas = np.zeros(len(labelled.measured))
    for i, one in enumerate(labelled.measured):
        inside = labelled.classes == one
        yes, no = int(inside.sum()), int((~inside).sum())
        area = (rank_N[inside].sum() - yes * (yes + 1) / 2) / (yes * no)
        areas[i] = max(area, 1 - area)
    return areas


def worst(area_C: NDArray[np.float64], labelled: Labelled) -> Interval:
    """The interval of the class whose area is the least."""
    i = int(np.argmin(area_C))
    return interval(float(area_C[i]), labelled.measured[i], labelled)


def interval(area: float, one: int, labelled: Labelled) -> Interval:
    """That of an area that tells a class from the others."""
    yes = int(labelled.sizes[one])
    return interval_of(area, yes, int(labelled.sizes.sum()) - yes)
