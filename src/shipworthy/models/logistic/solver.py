"""Logistic regression on encoded features, by scikit-learn.

Shapes: N rows, F features, K classes (one row of weights where there are two).
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import track
from shipworthy.models.class_weight import NONE


@dataclass(frozen=True)
class Solved:
    """The optimum: classes (or labels) in sorted order, their weights and biases."""

    classes: list[str]
    weights_KF: NDArray[np.float64]
    bias_K: NDArray[np.float64]


def solve(features_NF: Any, answers: Sequence[str], *, c: float, max_iter: int, class_weight: str = NONE) -> Solved:
    """Minimises the log loss with an L2 penalty.

    Args:
        features_NF: an array or a sparse matrix.
        answers: two classes or more.
        c: inverse of the penalty's strength.
        max_iter: the most steps.
        class_weight: how much the rows of each class count (see models/class_weight.py).

    Raises:
        ShipworthyError: the solver did not get there in `max_iter` steps.
    """
    solver = _fitted(features_NF, answers, c, max_iter, class_weight)
    return Solved(
        [str(name) for name in solver.classes_],
        np.asarray(solver.coef_, dtype=np.float64),
        np.asarray(solver.intercept_, dtype=np.float64),
    )


def solve_labels(
    features_NF: Any, labels: Sequence[str], has_NK: NDArray[np.floating], *, c: float, max_iter: int
) -> Solved:
    """The same for each label against the rest (binary relevance), a row of weights each.

    A label that every row has is told by its bias alone: its odds are N + 1 to 1 (Laplace's rule of succession).

    Args:
        features_NF: an array or a sparse matrix.
        labels: each is in one row or more.
        has_NK: 1 where a row has a label, else 0.
        c, max_iter: as in `solve`.

    Raises:
        ShipworthyError: the solver did not get there in `max_iter` steps.
    """
    rows, terms = features_NF.shape
    weights_KF, bias_K = np.zeros((len(labels), terms)), np.full(len(labels), np.log(rows + 1))
    for k in track(range(len(labels)), "logistic regression, labels", len(labels)):
        if (has_NK[:, k] == 0).any():
            solver = _fitted(features_NF, has_NK[:, k], c, max_iter)
            weights_KF[k], bias_K[k] = solver.coef_[0], solver.intercept_[0]
    return Solved(list(labels), weights_KF, bias_K)


def _fitted(features_NF: Any, answers: Any, c: float, max_iter: int, class_weight: str = NONE) -> LogisticRegression:
    solver = LogisticRegression(C=c, max_iter=max_iter, class_weight=None if class_weight == NONE else class_weight)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is an error, below
        solver.fit(features_NF, answers)
    if (steps := int(solver.n_iter_.max())) >= max_iter:
        raise ShipworthyError(f"Logistic regression did not converge in {steps} steps: raise model.max_iter.")
    return solver
