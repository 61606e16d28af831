"""Rows counted by class or label: what F1 and its relatives are made of.

n rows   b countings of them (see metric.Metric.statistic)   K classes or labels
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.protocol import Prediction

Array = NDArray[np.float64]
CACHED = 100_000
"""Numbers that stay in a processor's cache: what is made of more at once costs several times as long."""


class Counted(NamedTuple):
    """How many rows are rightly of a class, are of it, and are said to be; shape (b, K) each."""

    right: Array
    answered: Array
    predicted: Array


def coded(predictions: Sequence[Prediction], answers: Sequence[str]) -> Array:
    """The classes of answer and prediction as numbers, shape (n, 2)."""
    numbers: dict[str, int] = {}
    codes = [
        (numbers.setdefault(answer, len(numbers)), numbers.setdefault(p.text, len(numbers)))
        for p, answer in zip(predictions, answers, strict=True)
    ]
    return np.array(codes, dtype=np.float64).reshape(-1, 2)


def against_rest(positive: str, predictions: Sequence[Prediction], answers: Sequence[str]) -> Array:
    """Whether answer and prediction are the positive class, as a label of its own; shape (n, 1, 2)."""
    pairs = [(answer == positive, p.text == positive) for p, answer in zip(predictions, answers, strict=True)]
    return np.array(pairs, dtype=np.float64).reshape(-1, 1, 2)


def counted(rows: Array, counts: Array) -> Counted:
    """Rows by class or by label.

    Args:
        rows: of classes their numbers, shape (n, 2); of labels whether each is in the answer and in the prediction,
            shape (n, K, 2).
        counts: shape (b, n).
    """
    if rows.ndim == 3:
        answered, predicted = rows[:, :, 0], rows[:, :, 1]
        return Counted(counts @ (answered * predicted), counts @ answered, counts @ predicted)
    answers, said = rows.astype(np.intp).T
    classes, ones = int(rows.max()) + 1, np.ones(len(rows))
    right = summed((answers == said).astype(np.float64), answers, classes, counts)
    return Counted(right, summed(ones, answers, classes, counts), summed(ones, said, classes, counts))


def summed(values: Array, groups: NDArray[np.intp], size: int, counts: Array) -> Array:
    """The sum over the rows of each group, shape (b, size).

    Args:
        values, groups: of each row, shape (n,).
        counts: shape (b, n).
    """
    from scipy.sparse import csr_array

    found: Array = (csr_array((values, (groups, np.arange(len(groups)))), shape=(size, len(groups))) @ counts.T).T
    return found


def slices(counts: Array) -> Iterator[slice]:
    """Few countings at a time, so that what is made of them stays in the cache."""
    step = max(1, CACHED // counts.shape[1])
    for begin in range(0, len(counts), step):
        yield slice(begin, begin + step)


def f1(found: Counted) -> Array:
    """By class, shape (b, K); NaN of a class that neither answers nor predictions have."""
    return ratio(2 * found.right, found.answered + found.predicted)


def ratio(part: Array, whole: Array) -> Array:
    """Their ratio; NaN where the whole is 0."""
    found: Array = np.divide(part, whole, out=np.full(np.shape(whole), np.nan), where=np.asarray(whole) > 0)
    return found


def mean_of_known(values: Array) -> Array:
    """The mean over the last axis of what is not NaN; NaN where all is."""
    known = ~np.isnan(values)
    return ratio(np.where(known, values, 0.0).sum(axis=-1), known.sum(axis=-1).astype(np.float64))
