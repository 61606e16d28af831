"""The threshold of the positive class that is best by the deciding metric, on answers that are known.

n rows   T thresholds
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import scores
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.decision import Decision
from shipworthy.models.probabilities import known_classes
from shipworthy.models.protocol import Prediction

EVEN = 0.5


@dataclass(frozen=True)
class Chosen:
    """A decision, and what it was chosen by.

    Attributes:
        value: the metric by the decision, on the rows that it was chosen on: a little too good.
        most_likely: the metric where the most likely class is the answer.
    """

    decision: Decision
    value: float
    most_likely: float


def choose(task: Classification, given: Sequence[Prediction], answers: Sequence[str]) -> Chosen:
    """The best of all thresholds that tell these rows apart, and 0.5; of equals the one next to 0.5.

    Rows count by their answer and class alone, so that a threshold is judged by its four counts.

    Raises:
        UsageError: the predictions have no probabilities, or not of two classes, `task.positive` one of them.
    """
    sure_N, decision = _sure(task, given)
    thresholds_T = _thresholds(sure_N)
    classes = [decision.negative, decision.positive]
    said, right = [Prediction(name) for _ in classes for name in classes], [name for name in classes for _ in classes]
    rows = scores.decided(task, said, right)
    counts_T4 = _counts(sure_N, np.array([answer == task.positive for answer in answers]), thresholds_T)
    whole = metric(task.metric).KIND == "whole"
    values_T = metric(task.metric).statistic(rows, counts_T4) if whole else counts_T4 @ rows / len(answers)
    gains_T = values_T if metric(task.metric).GREATER_IS_BETTER else -values_T
    gains_T = np.where(np.isnan(gains_T), -np.inf, gains_T)
    best_T = np.flatnonzero(gains_T == gains_T.max())
    best = best_T[np.abs(thresholds_T[best_T] - EVEN).argmin()]
    return Chosen(
        Decision(decision.positive, decision.negative, float(thresholds_T[best])),
        float(values_T[best]),
        scores.value(task.metric, scores.decided(task, given, answers)),
    )


def _sure(task: Classification, given: Sequence[Prediction]) -> tuple[NDArray[np.float64], Decision]:
    """Each row's probability of the positive class, shape (n,), and the decision by 0.5."""
    known = [one.probabilities for one in given if one.probabilities is not None]
    others = [name for name in known_classes(known) if name != task.positive]
    if len(known) < len(given) or len(others) != 1:
        raise UsageError(
            "task.decision=threshold needs probabilities of two classes, of which task.positive is one, and the model "
            f"knows {len(known_classes(known))} classes: leave it out, or choose another model."
        )
    return np.array([one[task.positive] for one in known]), Decision(task.positive, others[0], EVEN)


def _thresholds(sure_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Halfway between neighbouring probabilities, 0 and 1 among them, and 0.5; shape (T,)."""
    edges = np.unique([0.0, *sure_N, 1.0])
    return np.append((edges[1:] + edges[:-1]) / 2, EVEN)


def _counts(
    sure_N: NDArray[np.float64], true_N: NDArray[np.bool_], thresholds_T: NDArray[np.float64]
) -> NDArray[np.float64]:
    """True negatives, false positives, false negatives and true positives by each threshold, shape (T, 4)."""
    order_N = np.argsort(sure_N)
    true_by_rank = np.concatenate([[0], np.cumsum(true_N[order_N])])
    below_T = np.searchsorted(sure_N[order_N], thresholds_T)  # the rows that are called negative
    missed_T = true_by_rank[below_T]
    found_T = true_by_rank[-1] - missed_T
    return np.column_stack([below_T - missed_T, len(sure_N) - below_T - found_T, missed_T, found_T]).astype(np.float64)
