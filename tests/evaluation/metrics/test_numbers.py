"""Metrics of numbers are scikit-learn's, on rows as they are and on resamples."""

from collections.abc import Sequence

import numpy as np
import pytest
from sklearn import metrics as sklearn_metrics

from shipworthy.evaluation.metric import metric
from shipworthy.models.protocol import Prediction
from tests.evaluation.metrics import samples
from tests.evaluation.metrics.reference import SEEDS, agrees, task, values

TASK = task("regression")


def r2(right: list[float], said: list[float]) -> float:
    return float(sklearn_metrics.r2_score(right, said)) if len(set(right)) > 1 else np.nan


REFERENCES = {
    "mae": sklearn_metrics.mean_absolute_error,
    "mape": sklearn_metrics.mean_absolute_percentage_error,
    "rmse": sklearn_metrics.root_mean_squared_error,
    "median_absolute_error": sklearn_metrics.median_absolute_error,
    "r2": r2,
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", REFERENCES)
def test_of_numbers(name: str, seed: int) -> None:
    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        return float(REFERENCES[name]([float(one) for one in answers], [p.number for p in said]))

    for n in (1, 2, 3, 8, 61):
        agrees(name, TASK, *samples.numbers(seed, n), reference, seed)


def numbers(*found: float) -> list[Prediction]:
    return [Prediction(str(one), number=one) for one in found]


def test_r2_of_equal_answers_has_no_value_however_large_they_are() -> None:
    answers = ["0.1", "0.1", "0.1", "123456789.123"]
    rows = metric("r2").score(TASK, numbers(0.1, 0.2, 0.3, 5.0), answers)
    counts = np.array([[1.0, 1, 1, 0], [0, 0, 0, 7], [1, 0, 0, 1]])
    found = values("r2", rows, counts)
    assert np.isnan(found).tolist() == [True, True, False]


def test_an_answer_of_zero_is_an_endless_share() -> None:
    assert metric("mape").score(TASK, numbers(1.0, 0.0), ["0", "0"]).tolist() == [1 / 2.0**-52, 0.0]


@pytest.mark.parametrize("name", REFERENCES)
def test_an_answer_that_is_no_number_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="could not convert string to float: 'many'"):
        metric(name).score(TASK, numbers(1.0), ["many"])
