"""A pruner that asks where a trial would end, not where it stands.

Median, Hyperband and successive halving compare trials at the same step, and so end the slow ones, which may be the
best in the end: boosting with small steps, a small learning rate. Here the whole trials' curves teach how much is still
to come after a step, given how fast a curve fell before it; a trial is ended when it would hardly beat the best one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from optuna.pruners import BasePruner
from optuna.study import Study, StudyDirection
from optuna.trial import FrozenTrial, TrialState
from scipy.stats import t as student

RIDGE = 1e-2
"""Of the regression on standardised features, as a share of the number of curves."""
PARTS = (0.5, 0.75)
"""How fast a curve fell is told by its values at these shares of the steps that it has."""


class ForecastPruner(BasePruner):
    """Ends a trial whose chance to become the best is small.

    Args:
        startup: whole trials before any is ended early.
        first_step: no trial is ended before it.
        chance: of becoming the best, below which a trial is ended (0 to 1).
    """

    def __init__(self, startup: int, first_step: int, chance: float) -> None:
        self.startup, self.first_step, self.chance = startup, first_step, chance

    def prune(self, study: Study, trial: FrozenTrial) -> bool:
        """Whether the trial should be ended at its last validation."""
        step = trial.last_step
        whole = [
            one for one in study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,)) if one.intermediate_values
        ]
        if step is None or step < self.first_step or len(whole) < self.startup:
            return False
        sign = 1.0 if study.direction is StudyDirection.MINIMIZE else -1.0
        ends = np.array([sign * float(one.values[0]) for one in whole])
        features = np.array([_features(_curve(one, sign), step) for one in whole])
        mine = _features(_curve(trial, sign), step)
        end, deviation, freedom = forecast(features, ends, mine)
        return bool(student.cdf((ends.min() - end) / deviation, freedom) < self.chance)


def forecast(
    features: NDArray[np.float64], ends: NDArray[np.float64], mine: NDArray[np.float64]
) -> tuple[float, float, int]:
    """Where a curve ends: expectation, standard deviation, and degrees of freedom.

    Args:
        features: of the whole curves: the value reached, then how much it had fallen; shape (curves, features).
        ends: their last values; shape (curves,).
        mine: of the curve that is still to end; shape (features,).
    """
    falls, mean = features[:, 1:], features[:, 1:].mean(axis=0)
    scale = falls.std(axis=0) + 1e-12
    design = np.column_stack([np.ones(len(ends)), (falls - mean) / scale])
    own = np.concatenate([[1.0], (mine[1:] - mean) / scale])
    to_come = ends - features[:, 0]
    penalty = RIDGE * len(ends) * np.diag([0.0, *np.ones(falls.shape[1])])
    inverse = np.linalg.inv(design.T @ design + penalty)
    weights = inverse @ design.T @ to_come
    leverage = np.einsum("ij,jk,ik->i", design, inverse, design)
    residuals = (to_come - design @ weights) / np.maximum(1 - leverage, 1e-3)  # each curve left out once
    freedom = max(1, len(ends) - design.shape[1])
    variance = float((residuals**2).mean()) * (1 + float(own @ inverse @ own))
    return float(mine[0] + min(0.0, own @ weights)), float(np.sqrt(variance) + 1e-12), freedom


def _curve(trial: FrozenTrial, sign: float) -> Sequence[tuple[int, float]]:
    """Step and the lowest value so far."""
    steps = sorted(trial.intermediate_values)
    lowest = np.minimum.accumulate([sign * trial.intermediate_values[step] for step in steps])
    return list(zip(steps, map(float, lowest), strict=True))


def _features(curve: Sequence[tuple[int, float]], step: int) -> NDArray[np.float64]:
    """The value at a step, and how much it had fallen since shares of it."""
    steps, values = zip(*curve, strict=True)
    now = float(np.interp(step, steps, values))
    return np.array([now, *(float(np.interp(share * step, steps, values)) - now for share in PARTS)])
