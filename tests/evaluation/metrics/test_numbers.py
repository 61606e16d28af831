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


INTERVALS = task("regression", interval=0.8)


def within(seed: int, n: int) -> tuple[list[Prediction], list[str]]:
    """Numbers with intervals of several widths, of which some hold the answer."""
    said, answers = samples.numbers(seed, n)
    widths = np.random.default_rng(seed).integers(0, 5, size=(n, 2)).astype(float)
    return [
        Prediction(p.text, number=p.number, low=p.number - low, high=p.number + high)
        for p, (low, high) in zip(said, widths, strict=True)
        if p.number is not None
    ], answers


def column(said: Sequence[Prediction], name: str) -> list[float]:
    return [getattr(p, name) for p in said]


@pytest.mark.parametrize("seed", SEEDS)
def test_pinball_is_the_mean_of_three_quantiles(seed: int) -> None:
    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        right = [float(one) for one in answers]
        quantiles = {0.1: "low", 0.5: "number", 0.9: "high"}
        losses = [
            sklearn_metrics.mean_pinball_loss(right, column(said, name), alpha=quantile)
            for quantile, name in quantiles.items()
        ]
        return float(np.mean(losses))

    for n in (1, 2, 61):
        agrees("pinball", INTERVALS, *within(seed, n), reference, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_interval_score_is_the_pinball_loss_of_both_ends(seed: int) -> None:
    """2 / alpha times their sum (Bracher et al. 2021, PLOS Computational Biology 17:e1008618, section 2.2)."""

    def reference(said: Sequence[Prediction], answers: Sequence[str]) -> float:
        right = [float(one) for one in answers]
        ends = ((0.1, "low"), (0.9, "high"))
        losses = [sklearn_metrics.mean_pinball_loss(right, column(said, name), alpha=alpha) for alpha, name in ends]
        return float(2 / 0.2 * sum(losses))

    for n in (1, 2, 61):
        agrees("interval_score", INTERVALS, *within(seed, n), reference, seed)


def test_intervals_by_hand() -> None:
    said = [Prediction("2", number=2.0, low=1.0, high=4.0)] * 5
    answers = ["2", "1", "4", "0", "5"]
    found = {
        name: metric(name).score(INTERVALS, said, answers).tolist() for name in ("interval_coverage", "interval_width")
    }
    assert found == {"interval_coverage": [True, True, True, False, False], "interval_width": [3.0] * 5}
    assert metric("interval_score").score(INTERVALS, said, answers).tolist() == pytest.approx([3, 3, 3, 13, 13])


@pytest.mark.parametrize("name", ["interval_coverage", "interval_width", "interval_score", "pinball"])
def test_a_number_without_an_interval_has_no_such_value(name: str) -> None:
    assert metric(name).score(INTERVALS, numbers(1.0), ["1"]) is None
