"""Parameter importance by two methods, which ask different questions and often disagree.

PED-ANOVA (Watanabe et al. 2023, IJCAI): which parameters tell the best quarter of the trials from all of them. fANOVA
(Hutter et al. 2014, ICML): how much of the value's variance over the whole space each parameter makes on its own. One
that ruins a trial at one end of its range is large for fANOVA and may be small for PED-ANOVA, and the other way round.
"""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import optuna
from optuna.exceptions import ExperimentalWarning
from optuna.importance import (
    BaseImportanceEvaluator,
    FanovaImportanceEvaluator,
    PedAnovaImportanceEvaluator,
    get_param_importances,
)

from shipworthy.track.campaign.read import Campaign, Trial
from shipworthy.track.hpo.space import Dimension, within
from shipworthy.track.hpo.study import distribution

LEAST = 4
"""Fewer finished trials say nothing."""
ENOUGH = 30
"""Below so many the shares move much from one search to another."""
RESAMPLES = 30
TOP = 0.25
"""The share of trials that counts as good; of few trials, Optuna's tenth would be one or none."""


WORTH, FACTOR, LITTLE = 0.15, 2.0, 0.01
"""The methods disagree where one has at least so large a share, and the other less by more than this factor."""


@dataclass(frozen=True)
class Share:
    """A parameter's importance (0 to 1, all together 1).

    Attributes:
        value, low, high: by PED-ANOVA, with the middle 80% of its bootstrap values.
        fanova: by fANOVA (None: it knows no keys that are there only sometimes).
    """

    key: str
    value: float
    low: float
    high: float
    fanova: float | None = None


def importance(campaign: Campaign, objective: str) -> list[Share]:
    """The largest first; empty where there is one parameter, or too few trials to say anything.

    A recipe that lies outside the space does not count.
    """
    done = [one for one in campaign.ranked if objective in one.values and within(one.params, campaign.space)]
    if len(done) < LEAST or len(campaign.space) < 2 or len({trial.values[objective] for trial in done}) < 2:
        return []
    up = campaign.objectives[objective]
    pedanova = PedAnovaImportanceEvaluator(target_quantile=TOP)
    shares = _shares(done, campaign.space, objective, up, pedanova)
    by_variance = _shares(done, campaign.space, objective, up, FanovaImportanceEvaluator(seed=0))
    draws = np.random.default_rng(len(done))
    drawn = [
        _shares([done[i] for i in draws.integers(len(done), size=len(done))], campaign.space, objective, up, pedanova)
        for _ in range(RESAMPLES)
    ]
    found = []
    for key, value in sorted(shares.items(), key=lambda pair: -pair[1]):
        low, high = np.quantile([one.get(key, 0.0) for one in drawn], (0.1, 0.9))
        found.append(Share(key, value, min(float(low), value), max(float(high), value), by_variance.get(key)))
    return found


def caution(campaign: Campaign) -> str:
    """What a reader must know of shares from so few trials (empty: there are enough)."""
    n = len(campaign.ranked)
    if n < LEAST:
        return f"{n} finished trials say nothing of it: at least {LEAST} are needed, and {ENOUGH} to mean much."
    return f"{n} finished trials are few for this: the lines show how far the shares may move." if n < ENOUGH else ""


def disagreement(shares: Sequence[Share]) -> str:
    """Where the two methods differ so much that neither should be acted on, in a sentence (empty: nowhere)."""
    known = [(one, one.fanova) for one in shares if one.fanova is not None]
    total = sum(one.value for one, _ in known) or 1.0
    apart = [
        f"{one.key} ({one.value / total:.0%} by PED-ANOVA, {other:.0%} by fANOVA)"
        for one, other in known
        if max(one.value / total, other) >= WORTH
        and max(one.value / total, other) > FACTOR * max(min(one.value / total, other), LITTLE)
    ]
    if not apart:
        return ""
    return (
        f"The two methods disagree on {', '.join(apart)}. They ask different questions: what sets the best quarter of "
        "the trials apart, and what moves the value over the whole space. Don't fix or drop a key by one of them: "
        "ablate it, or search it alone."
    )


def _shares(
    trials: Sequence[Trial], space: Sequence[Dimension], objective: str, up: bool, evaluator: BaseImportanceEvaluator
) -> dict[str, float]:
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
        return dict(get_param_importances(study, evaluator=evaluator))
