"""How well probabilities rank rows, for each of several classes or labels against the rest.

n rows   b countings of them (see metric.Metric.statistic)   K classes or labels   T thresholds, highest first
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import mean_of_known, slices
from shipworthy.evaluation.metrics._labels import labels
from shipworthy.models.probabilities import matrix
from shipworthy.models.protocol import Prediction

Array = NDArray[np.float64]


def ranked(task: Any, predictions: Sequence[Prediction], answers: Sequence[str]) -> Array | None:
    """Probability of each class, and 1 if the row is of it or 0; shape (n, K, 2).

    Of classification the positive class, or where there is none every class of the answers; of several labels each of
    theirs. None where a candidate gives no probabilities.
    """
    if task.kind == "multi_label":
        sets = [labels(answer) for answer in answers]
        names = tuple(sorted(frozenset().union(*sets)))
        truth = [[name in one for name in names] for one in sets]
    else:
        names = (task.positive,) if task.positive else tuple(sorted(set(answers)))
        truth = [[answer == name for name in names] for answer in answers]
    known = matrix([p.probabilities for p in predictions], names)
    return None if known is None else np.stack([known, np.array(truth, dtype=np.float64)], axis=2)


def mean_of_classes(rows: Array, counts: Array, of_class: Callable[[Array, Array], Array]) -> Array:
    """The mean over classes; without those of which a counting has none, or nothing else.

    Args:
        rows: shape (n, K, 2).
        counts: shape (b, n).
        of_class: of how many positive rows, and rows, reach each threshold, shape (b, T) each: b numbers.
    """
    return mean_of_known(np.stack([_of_class(one, counts, of_class) for one in rows.swapaxes(0, 1)], axis=-1))


def _of_class(rows: Array, counts: Array, of_class: Callable[[Array, Array], Array]) -> Array:
    order = np.argsort(-rows[:, 0], kind="stable")
    scores, positive = rows[order, 0], rows[order, 1]
    last = np.flatnonzero(np.r_[scores[1:] != scores[:-1], True])
    found = []
    for some in slices(counts):
        drawn = np.take(counts[some], order, axis=1)
        reach = np.take(np.cumsum(drawn, axis=1), last, axis=1)
        drawn *= positive
        found.append(of_class(np.take(np.cumsum(drawn, axis=1), last, axis=1), reach))
    return np.concatenate(found)
