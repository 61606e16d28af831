"""Overfitting is found where it is, and patience runs out when it should; noise alone sets neither off."""

import math
import random
from typing import Any

import pytest

from shipworthy.train.monitor.detectors import detect_at_validation
from shipworthy.train.monitor.findings import Finding
from shipworthy.train.monitor.schema import Monitor, Overfitting, Patience
from tests.train.monitor.histories import Entry, validations

CURVES = 200


def through(history: list[Entry], config: Monitor, metric: str = "exact_match") -> list[Finding]:
    """What is found at each validation, as a run would have it."""
    ends = [n for n, entry in enumerate(history, 1) if "val_loss" in entry]
    return [finding for end in ends for finding in detect_at_validation(history[:end], config, metric)]


def share(kind: str, count: int, noise: float, detector: str, config: Monitor = Monitor()) -> float:  # noqa: B008
    """Of many runs, the share in which a detector says anything."""
    runs = (validations(kind, count, noise, seed) for seed in range(CURVES))
    return sum(any(f.detector == detector for f in through(run, config)) for run in runs) / CURVES


@pytest.mark.parametrize(
    ("kind", "noise", "most"),
    [
        ("falling", 0.005, 0.0),
        ("falling", 0.02, 0.0),
        ("settled", 0.005, 0.0),
        ("settled", 0.01, 0.01),
        ("settled", 0.02, 0.05),
        ("flat", 0.005, 0.0),
        ("flat", 0.01, 0.01),
    ],
)
def test_noise_is_no_overfitting(kind: str, noise: float, most: float) -> None:
    """20 validations while train falls all the time, which is the worst case."""
    assert share(kind, 20, noise, "overfitting") <= most


@pytest.mark.parametrize(("count", "noise", "least"), [(8, 0.005, 0.99), (8, 0.01, 0.95), (20, 0.02, 0.99)])
def test_overfitting_is_found(count: int, noise: float, least: float) -> None:
    assert share("overfit", count, noise, "overfitting") >= least


def test_of_four_validations_the_first_may_have_been_the_best() -> None:
    """As many as the default run makes."""
    assert share("overfit from the start", 4, 0.01, "overfitting") >= 0.95


def test_overfitting_is_said_once_with_the_step_since_which_and_what_to_do() -> None:
    (found,) = through(validations("overfit", 12, 0.003, seed=1), Monitor())
    assert (found.detector, found.action) == ("overfitting", "warn")
    lowest = found.since - 1
    assert 80 <= lowest <= 160 and found.good == lowest and found.step <= 240
    assert f"Overfitting since step {lowest}:" in found.sentence and "the gap went from" in found.sentence
    assert "trainer.steps" in found.sentence


def test_where_train_rises_too_it_is_not_overfitting() -> None:
    history = validations("overfit", 12, 0.003, seed=1)
    for i, entry in enumerate(history[100:]):
        entry["loss"] = 1.0 + 0.01 * i
    assert through(history, Monitor()) == []


def test_off_is_off() -> None:
    history = validations("overfit", 12, 0.003, seed=1)
    assert through(history, Monitor(overfitting=Overfitting(action="off"))) == []


def metrics(*values: float) -> list[Entry]:
    """A run that is validated every ten steps."""
    history: list[Entry] = [{"step": i + 1, "loss": 1.0} for i in range(10 * len(values))]
    for i, value in enumerate(values, 1):
        history[10 * i - 1] |= {"val_metric": value, "val_loss": 1.0}
    return history


def patience(**settings: Any) -> Monitor:
    return Monitor(patience=Patience(action="finish", **settings))


def test_patience_runs_out_after_as_many_validations_as_it_has() -> None:
    history = metrics(0.1, 0.4, 0.39, 0.4, 0.2)
    assert [f.step for f in through(history, patience(validations=3))] == [50]
    (found,) = through(history, patience(validations=3))
    assert (found.action, found.since, found.value) == ("finish", 30, 0.2)
    assert (
        "3 validations up to step 50 brought nothing better than the metric 40.0% of step 20 (by 0.1 points at least)"
        in found.sentence
    )
    assert through(history, patience(validations=4)) == []
    assert through(history, Monitor()) == []


def test_patience_begins_anew_with_what_is_better_by_the_least() -> None:
    slow = metrics(0.10, 0.11, 0.12, 0.13, 0.14, 0.15)
    assert through(slow, patience(validations=2, least=0.01)) == []
    assert [f.step for f in through(slow, patience(validations=2, least=0.03))] == [30, 60]
    assert through(metrics(0.1, 0.1, 0.2, 0.2, 0.3, 0.3), patience(validations=2)) == []


def test_of_a_metric_whose_less_is_better_a_rise_costs_patience() -> None:
    falling = metrics(0.6, 0.5, 0.4, 0.3, 0.2)
    assert through(falling, patience(validations=2), "brier") == []
    rising = metrics(0.2, 0.3, 0.4)
    assert through(rising, patience(validations=2)) == []
    (found,) = through(rising, patience(validations=2), "brier")
    assert found.step == 30 and "nothing better than the metric 0.200 of step 10 (by 0.001 at least)" in found.sentence


def test_in_a_unit_of_its_own_the_least_is_a_share_of_the_best() -> None:
    slow = metrics(1000.0, 999.5, 999.2)  # less than 0.1% better each time
    assert [f.step for f in through(slow, patience(validations=2), "mae")] == [30]
    assert through(metrics(1000.0, 998.0, 996.0), patience(validations=2), "mae") == []


def test_a_metric_that_is_not_finite_is_no_validation() -> None:
    assert through(metrics(0.1, math.nan, math.nan, math.nan), patience(validations=3)) == []


@pytest.mark.parametrize(("noise", "most"), [(0.0, 0.0), (0.01, 0.05)])
def test_a_run_that_still_improves_keeps_its_patience(noise: float, most: float) -> None:
    """A metric on 200 rows that rises by 0.02 at each of 20 validations, and noise in it."""
    stopped = 0
    for seed in range(CURVES):
        generator = random.Random(seed)
        rising = [round(200 * (0.2 + 0.02 * i + generator.gauss(0, noise))) / 200 for i in range(20)]
        stopped += bool(through(metrics(*rising), patience(validations=3)))
    assert stopped / CURVES <= most
