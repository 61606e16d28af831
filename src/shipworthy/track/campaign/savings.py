"""What pruning saved: what the pruned trials would have taken had each gone on to its own end.

How many steps a trial goes (early stopping ends most) and how long a step takes follow from its values: the trials that
finished tell how, those that were pruned tell their own pace up to the cut. Both are Bayesian linear regressions of the
logarithm, whose joint posterior is drawn from: what is not known of the regression is shared by all pruned trials and
does not average out in their total (Gelman et al., Bayesian Data Analysis, 3rd ed., chapter 14). Start-up is paid by
every trial, and so is no part of it.

Legend: T trials, F features, D draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.intervals import Interval
from shipworthy.track.campaign.read import FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.cost.cost import HOUR_S
from shipworthy.track.cost.run_intervals import run_intervals
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.report.formatting import seconds

LEAST = 3
"""Finished trials, below which nothing is said."""
LEVEL = 0.9
DRAWS, SEED = 4000, 17
SHRINKAGE = 1.0
"""Prior precision of a standardised feature's weight, in units of the residuals' variance: of one trial."""
PRIOR_SHAPE, PRIOR_SPREAD = 1.0, 0.1
"""Of the residuals' inverse-gamma prior: worth two trials whose logarithms are about 10% off."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Timed:
    """How far a trial came and what its steps took.

    Attributes:
        steps: that it made.
        planned: that it could make at most (None: not known).
        pace: seconds of a step, between the first and the last of which it told (None: it told of one alone).
        tail: seconds from its last step to its end: the last validation, saving.
        gpus: that it held.
    """

    trial: Trial
    steps: int
    planned: int | None
    pace: float | None
    tail: float
    gpus: float


@dataclass(frozen=True)
class Savings:
    """What pruning saved.

    Attributes:
        pruned, finished: trials that it is of, and that it is estimated from.
        done: steps that the pruned ones made.
        steps: that they would have made further, and `seconds` that these would have taken, as 90% prediction intervals
            (None: too few trials finished, or none told when its steps were done).
        gpu_hours: that go with `seconds` (0: there are no GPUs).
        share: of the seconds that all trials would have taken without pruning.
    """

    pruned: int
    finished: int
    done: int
    steps: Interval | None = None
    seconds: Interval | None = None
    gpu_hours: float = 0.0
    share: float = 0.0

    @property
    def words(self) -> str:
        """In a sentence or two."""
        made = f"after {self.done:,} step{'' if self.done == 1 else 's'}{' in all' if self.pruned > 1 else ''}"
        cut = f"{self.pruned} trial{'s were' if self.pruned > 1 else ' was'} pruned {made}. "
        if self.steps is None or self.seconds is None:
            few = f"only {self.finished}" if self.finished else "none"
            return f"{cut}What that saved can't be said: {few} of the trials finished and told of its steps."
        steps = f"{self.steps.value:,.0f} [{self.steps.low:,.0f}, {self.steps.high:,.0f}]"
        time = f"{seconds(self.seconds.value)} [{seconds(self.seconds.low)}, {seconds(self.seconds.high)}]"
        gpus = f" ({self.gpu_hours:.3g} GPU-hours)" if self.gpu_hours else ""
        return (
            f"{cut}Going on, by the steps, paces and values of the {self.finished} that finished, early stopping "
            f"included, they would have made {steps} more, which take {time}{gpus}: pruning saved about "
            f"{self.share:.0%} of the trials' time ({LEVEL:.0%} prediction intervals)."
        )


def savings(campaign: Campaign) -> Savings | None:
    """None where nothing was pruned."""
    if not campaign.of(PRUNED):
        return None
    cut, whole = (_distinct(campaign.of(state)) for state in (PRUNED, FINISHED))
    found = Savings(len(cut), len(whole), sum(trial.step or 0 for trial in cut))
    timed_cut, timed_whole = ([one for trial in trials if (one := timed(trial))] for trials in (cut, whole))
    timed_whole = [one for one in timed_whole if one.pace]
    if len(timed_whole) < LEAST or len(timed_cut) < len(cut):
        return Savings(found.pruned, len(timed_whole), found.done)
    steps_TD, seconds_TD = spared(campaign.space, timed_whole, timed_cut)
    gpu_s = float(np.median(seconds_TD, axis=1) @ np.array([one.gpus for one in timed_cut]))
    taken = sum(trial.cost.seconds for trial in (*cut, *whole))
    time = _interval(seconds_TD.sum(axis=0))
    return Savings(
        pruned=found.pruned,
        finished=len(timed_whole),
        done=found.done,
        steps=_interval(steps_TD.sum(axis=0)),
        seconds=time,
        gpu_hours=gpu_s / HOUR_S,
        share=time.value / (taken + time.value),
    )


def _distinct(trials: Sequence[Trial]) -> list[Trial]:
    """Without those whose run is another trial's: they took no time, and would have taken none."""
    return [trial for i, trial in enumerate(trials) if trial.run_id not in {one.run_id for one in trials[:i]}]


def timed(trial: Trial) -> Timed | None:
    """By its last start; None where that did not tell when it made its steps, or the run is not on this disk."""
    if trial.run is None or not trial.step or not trial.run.starts:
        return None
    ran = run_intervals(trial.run.folder, trial.run.starts, [])[-1]
    if not ran.stepped:
        return None
    (first, began), (last, ended) = ran.stepped[0], ran.stepped[-1]
    pace = max(1e-9, (ended - began) / (last - first)) if last > first else None
    tail = max(0.0, ran.ended - ended - (trial.step - last) * (pace or 0.0))
    return Timed(trial, trial.step, trial.steps, pace, tail, float(len(ran.start.gpus)))


def spared(space: Sequence[Dimension], whole: Sequence[Timed], cut: Sequence[Timed]) -> tuple[Floats, Floats]:
    """Steps and seconds that each pruned trial would have made further: draws, shape (T, D) each.

    Args:
        whole: trials that finished.
        cut: trials that were pruned.
    """
    draws = np.random.default_rng(SEED)
    everyone = [*whole, *cut]
    features_TF = _features(space, [one.trial for one in everyone])
    has_T = np.array([one.pace is not None for one in everyone])
    n, came_T = len(whole), np.array([one.steps for one in cut])
    ends_T = np.log([one.steps for one in whole])
    # A trial that was pruned at a step would not have ended before it.
    steps_TD = np.exp(_predict(features_TF[:n], ends_T, features_TF[n:], draws, least_T=np.log(came_T)))
    most_T = np.array([one.planned or np.inf for one in cut])
    if all(one.steps == one.planned for one in whole):  # nothing ends them early
        steps_TD = np.broadcast_to(most_T[:, None], steps_TD.shape)
    further_TD = np.maximum(0.0, np.minimum(steps_TD, most_T[:, None]) - came_T[:, None])
    paces_T = np.log([one.pace for one in everyone if one.pace])
    paces_TD = np.exp(_predict(features_TF[has_T], paces_T, features_TF[n:], draws))
    tails_TD = draws.choice([one.tail for one in whole], size=further_TD.shape)
    paid_T = np.array([one.tail for one in cut])  # for its own end each pruned trial has paid
    return further_TD, np.maximum(0.0, further_TD * paces_TD + tails_TD - paid_T[:, None])


def _features(space: Sequence[Dimension], trials: Sequence[Trial]) -> Floats:
    """The trials' values and the first metric that each told, standardised; 0 where it has none; shape (T, F)."""
    columns: list[list[Any]] = []
    for one in space:
        given = [trial.params.get(one.key) for trial in trials]
        if one.kind == "categorical":
            columns += [[float(value == choice) for value in given] for choice in one.choices[1:]]
        else:
            columns.append([None if v is None else log(float(v)) if one.log else float(v) for v in given])
    columns.append([trial.curve[0][1] if trial.curve else None for trial in trials])
    table_TF = np.array(columns, dtype=np.float64).T
    spread_F = np.nanstd(table_TF, axis=0)
    varies_F = spread_F > 0
    scaled_TF = (table_TF[:, varies_F] - np.nanmean(table_TF[:, varies_F], axis=0)) / spread_F[varies_F]
    found_TF: Floats = np.nan_to_num(scaled_TF)
    return found_TF


def _predict(
    features_TF: Floats, known_T: Floats, asked_TF: Floats, draws: np.random.Generator, least_T: Floats | None = None
) -> Floats:
    """Joint draws of what a linear regression says of other trials; shape (T, D).

    Args:
        features_TF, known_T: of the trials that it is fitted to.
        asked_TF: features of the others.
        least_T: what each of them exceeds (None: nothing is known).
    """
    middle = known_T.mean()
    design_TF = np.column_stack([np.ones(len(known_T)), features_TF])
    precision_FF = design_TF.T @ design_TF + np.diag([1e-6, *np.full(features_TF.shape[1], SHRINKAGE)])
    weights_F = np.linalg.solve(precision_FF, design_TF.T @ (known_T - middle))
    off = float((known_T - middle) @ (known_T - middle - design_TF @ weights_F))
    shape, scale = PRIOR_SHAPE + len(known_T) / 2, PRIOR_SHAPE * PRIOR_SPREAD**2 + off / 2
    variance_D = scale / draws.gamma(shape, size=DRAWS)
    root_FF = np.linalg.cholesky(np.linalg.inv(precision_FF))
    noise_FD = root_FF @ draws.standard_normal((len(weights_F), DRAWS)) * np.sqrt(variance_D)
    line_TD: Floats = middle + np.column_stack([np.ones(len(asked_TF)), asked_TF]) @ (weights_F[:, None] + noise_FD)
    spread_D: Floats = np.sqrt(variance_D)
    if least_T is None:
        off_TD: Floats = draws.standard_normal(line_TD.shape)
    else:
        from scipy.stats import truncnorm

        low_TD = (least_T[:, None] - line_TD) / spread_D
        off_TD = truncnorm.rvs(low_TD, np.inf, size=line_TD.shape, random_state=draws)
    return line_TD + spread_D * off_TD


def _interval(total_D: Floats) -> Interval:
    low, value, high = np.quantile(total_D, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return Interval(float(value), float(low), float(high), LEVEL)
