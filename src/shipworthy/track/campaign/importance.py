"""Parameter importance: each parameter's share of the difference between good trials and the rest, with intervals."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.importance import PedAnovaImportanceEvaluator, get_param_importances

from shipworthy.track.campaign.read import Campaign, Trial
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.hpo.study import distribution

LEAST = 4
"""Fewer finished trials say nothing."""
ENOUGH = 30
"""Below so many the shares move much from one search to another."""
RESAMPLES = 30
TOP = 0.25
"""The share of trials that counts as good; of few trials, Optuna's tenth would be one or none."""


@dataclass(frozen=True)
class Share:
    """A parameter's importance (0 to 1, all together 1) with the middle 80% of its bootstrap values."""

    key: str
    value: float
    low: float
    high: float


def importance(campaign: Campaign, objective: str) -> list[Share]:
    """The largest first; empty where there is one parameter, or too few trials to say anything.

    By PED-ANOVA (Watanabe et al. 2023, IJCAI), which knows keys that are there only sometimes.
    """
    done = [trial for trial in campaign.ranked if objective in trial.values]
    if len(done) < LEAST or len(campaign.space) < 2 or len({trial.values[objective] for trial in done}) < 2:
        return []
    up = campaign.objectives[objective]
    shares = _shares(done, campaign.space, objective, up)
    draws = np.random.default_rng(len(done))
    drawn = [
        _shares([done[i] for i in draws.integers(len(done), size=len(done))], campaign.space, objective, up)
        for _ in range(RESAMPLES)
    ]
    found = []
    for key, value in sorted(shares.items(), key=lambda pair: -pair[1]):
        low, high = np.quantile([one.get(key, 0.0) for one in drawn], (0.1, 0.9))
        found.append(Share(key, value, min(float(low), value), max(float(high), value)))
    return found


def caution(campaign: Campaign) -> str:
    """What a reader must know of shares from so few trials (empty: there are enough)."""
    n = len(campaign.ranked)
    if n < LEAST:
        return f"{n} finished trials say nothing of it: at least {LEAST} are needed, and {ENOUGH} to mean much."
    return f"{n} finished trials are few for this: the lines show how far the shares may move." if n < ENOUGH else ""


def _shares(trials: Sequence[Trial], space: Sequence[Dimension], objective: str, up: bool) -> dict[str, float]:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    known = {one.key: distribution(one) for one in space}
    study = optuna.create_study(direction="maximize" if up else "minimize")
    study.add_trials(
        [
            optuna.trial.create_trial(
                params={key: value for key, value in trial.params.items() if key in known},
                distributions={key: known[key] for key in trial.params if key in known},
                value=trial.values[objective],
            )
            for trial in trials
        ]
    )
    with warnings.catch_warnings():
        # Of few trials in a part of the space it warns; here the bootstrap samples say how sure a share is.
        for category in (ExperimentalWarning, UserWarning):
            warnings.simplefilter("ignore", category)
        evaluator = PedAnovaImportanceEvaluator(target_quantile=TOP)
        return dict(get_param_importances(study, evaluator=evaluator))
