"""The pinball loss of the answer, as a median, and of its interval's ends, as quantiles, in the unit of the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._numbers import bounds, errors
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.protocol import Prediction

TITLE = "pinball loss"
GREATER_IS_BETTER = False
KIND = "mean"
UNIT = "number"
TASKS = ("regression",)
NEEDS = ("interval",)
LIBRARY = "sklearn.metrics.mean_pinball_loss, mean of the three quantiles"
MIND = "It judges the answer and its interval together, as XGBoost's `quantile` does; interval_score only the latter."


def score(task: Regression, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64] | None:
    """The mean over three quantiles, shape (n,); None where a prediction has no interval.

    With 0.9 they are 0.05, 0.5 and 0.95. An error costs the quantile where the answer is above it, and 1 - the quantile
    where it is below (Koenker and Bassett 1978, Econometrica 46:33).
    """
    ends, of_answer_N = bounds(predictions, answers), errors(predictions, answers)
    if ends is None or of_answer_N is None:
        return None
    low_N, high_N = (ends[:, place] - ends[:, 0] for place in (1, 2))
    tail = (1 - task.interval) / 2
    return (_loss(tail, low_N) + _loss(0.5, of_answer_N) + _loss(1 - tail, high_N)) / 3


def _loss(quantile: float, error_N: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of what was said to be a quantile; the error is prediction - answer."""
    return np.maximum((1 - quantile) * error_N, -quantile * error_N)
