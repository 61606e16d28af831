"""The mean cost of a row, by task.costs."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.models.protocol import Prediction

TITLE = "cost"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("classification",)
NEEDS = ("costs",)
LIBRARY = "sklearn.metrics.confusion_matrix, weighted"
MIND = "It needs task.costs, in a unit of your choice; a right answer costs nothing unless they say so."


def score(task: Classification, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """What each row costs, shape (n,).

    Raises:
        UsageError: task.costs does not know a class.
    """
    found = [_cost(task.costs, answer, p.text) for p, answer in zip(predictions, answers, strict=True)]
    return np.array(found, dtype=np.float64)


def _cost(costs: Mapping[str, Mapping[str, float]], answer: str, predicted: str) -> float:
    cost = costs.get(answer, {}).get(predicted, 0.0 if answer == predicted else None)
    if cost is None:
        raise UsageError(f"task.costs does not say what it costs to call '{answer}' '{predicted}': add that.")
    return cost
