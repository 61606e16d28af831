"""The forecast of where a trial ends, and the pruner that asks for it."""

import math
from collections.abc import Sequence

import numpy as np
import optuna
import pytest
from optuna.pruners import MedianPruner
from optuna.study import Study
from optuna.trial import FrozenTrial, TrialState, create_trial

from shipworthy.track.hpo.forecast import ForecastPruner, forecast

STEPS = range(10, 101, 10)
PRUNER = ForecastPruner(startup=5, first_step=20, chance=0.1)


def falling(floor: float, speed: float, noise: float = 0.0, seed: int = 0) -> list[float]:
    """A loss that nears its floor, the faster the sooner."""
    shaken = np.random.default_rng(seed).normal(0, noise, len(STEPS)) if noise else np.zeros(len(STEPS))
    return [floor + math.exp(-speed * step / 100) + float(by) for step, by in zip(STEPS, shaken, strict=True)]


def whole(curve: Sequence[float]) -> FrozenTrial:
    return create_trial(value=curve[-1], intermediate_values=dict(zip(STEPS, curve, strict=True)))


def running(curve: Sequence[float], until: int) -> FrozenTrial:
    seen = {step: value for step, value in zip(STEPS, curve, strict=True) if step <= until}
    return create_trial(state=TrialState.RUNNING, intermediate_values=seen)


def study(curves: Sequence[Sequence[float]], direction: str = "minimize") -> Study:
    made = optuna.create_study(direction=direction)
    made.add_trials([whole(curve) for curve in curves])
    return made


FAST = [falling(0.30 + 0.01 * i, 6 + i, 0.002, i) for i in range(6)]
SLOW = [falling(0.02 * i, 2 + 0.2 * i, 0.002, 9 + i) for i in range(4)]


def test_the_end_of_an_exponential_lies_where_its_interval_says() -> None:
    """Of 200 curves with noise, the 80% interval holds about 80% of the ends."""
    rng = np.random.default_rng(3)
    held = []
    for _ in range(200):
        fell = rng.uniform(0.05, 0.3, (21, 1)) * np.array([[1.0, 0.4]])
        now = rng.uniform(0.3, 0.6, 21)
        ends = now - 0.5 * fell[:, 0] + rng.normal(0, 0.01, 21)
        features = np.column_stack([now, fell])
        end, deviation, freedom = forecast(features[:-1], ends[:-1], features[-1])
        assert freedom == 17
        held.append(abs(end - ends[-1]) < 1.33 * deviation)  # Student's t, 17 degrees of freedom
    assert 0.7 < np.mean(held) < 0.9


def test_a_slow_trial_that_will_be_the_best_is_given_its_time() -> None:
    late = running(falling(-0.08, 2.0), until=30)
    known = study([*FAST, *SLOW])
    assert late.intermediate_values[30] > max(curve[2] for curve in FAST), "it lags behind at this step"
    assert MedianPruner(n_startup_trials=5).prune(known, late)
    assert not PRUNER.prune(known, late)


@pytest.mark.parametrize("sign", [1, -1])
def test_a_hopeless_trial_is_ended_in_either_direction(sign: int) -> None:
    known = study([[sign * value for value in curve] for curve in FAST], "minimize" if sign == 1 else "maximize")
    hopeless = running([sign * value for value in falling(0.9, 6.0)], until=50)
    hopeful = running([sign * value for value in falling(0.2, 6.0)], until=50)
    assert PRUNER.prune(known, hopeless)
    assert not PRUNER.prune(known, hopeful)


@pytest.mark.parametrize(
    ("curves", "until"), [(FAST[:4], 50), (FAST, 10), ([], 50)], ids=["few whole trials", "first step", "none"]
)
def test_nothing_is_ended_before_there_is_something_to_learn_from(curves: list[list[float]], until: int) -> None:
    assert not PRUNER.prune(study(curves), running(falling(0.9, 6.0), until))


def test_a_trial_without_a_validation_is_left_alone() -> None:
    assert not PRUNER.prune(study(FAST), create_trial(state=TrialState.RUNNING))
