"""Classification: a prediction is correct if it is the class; for two classes also the area under the ROC curve."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.intervals import Interval, bootstrap
from shipworthy.evaluation.tasks.schema import Classification
from shipworthy.models.protocol import Prediction


def per_row(
    task: Classification, predictions: Sequence[Prediction], answers: Sequence[str]
) -> dict[str, NDArray[np.bool_]]:
    """`accuracy`; shape (n,)."""
    return {"accuracy": np.array([p.text == a for p, a in zip(predictions, answers, strict=True)], dtype=bool)}


def more(
    task: Classification, predictions: Sequence[Prediction], answers: Sequence[str], seed: int
) -> dict[str, Interval]:
    """`auc` of the positive class, where the task names one and the candidate gives scores.

    Raises:
        UsageError: the positive class is not one of the two in the answers.
    """
    scores = [p.score for p in predictions if p.score is not None]
    if not task.positive or not scores:
        return {}
    classes = sorted(set(answers))
    if len(classes) != 2 or task.positive not in classes:
        raise UsageError(
            f"task.positive={task.positive} needs answers of two classes, it and another, and they are "
            f"{', '.join(classes[:5])}: name one of two classes, or leave task.positive empty."
        )
    # Prediction.score is the probability of the last class in sorted order.
    of_positive = np.array(scores) if task.positive == classes[-1] else 1 - np.array(scores)
    rows = np.column_stack([of_positive, [answer == task.positive for answer in answers]])
    return {"auc": bootstrap(rows, auc, seed)}


def auc(rows: NDArray[np.float64]) -> float:
    """Area under the ROC curve by ranks (Hanley and McNeil 1982), ties counting a half.

    Args:
        rows: shape (n, 2): score, and 1 for the positive class or 0; NaN if there is only one class.
    """
    positive = rows[:, 1] == 1
    n, m = int(positive.sum()), int((~positive).sum())
    if not n or not m:
        return float("nan")
    ranks = rankdata(rows[:, 0])
    return float((ranks[positive].sum() - n * (n + 1) / 2) / (n * m))
