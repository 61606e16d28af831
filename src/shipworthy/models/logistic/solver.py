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


@dataclass(frozen=True)
class Solved:
    """The optimum: classes in sorted order, their weights and biases."""

    classes: list[str]
    weights_KF: NDArray[np.float64]
    bias_K: NDArray[np.float64]


def solve(features_NF: Any, answers: Sequence[str], *, c: float, max_iter: int) -> Solved:
    """Minimises the log loss with an L2 penalty.

    Args:
        features_NF: an array or a sparse matrix.
        answers: two classes or more.
        c: inverse of the penalty's strength.
        max_iter: the most steps.

    Raises:
        ShipworthyError: the solver did not get there in `max_iter` steps.
    """
    solver = LogisticRegression(C=c, max_iter=max_iter)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # it is an error, below
        solver.fit(features_NF, answers)
    if (steps := int(solver.n_iter_.max())) >= max_iter:
        raise ShipworthyError(f"Logistic regression did not converge in {steps} steps: raise model.max_iter.")
    return Solved(
        [str(name) for name in solver.classes_],
        np.asarray(solver.coef_, dtype=np.float64),
        np.asarray(solver.intercept_, dtype=np.float64),
    )
