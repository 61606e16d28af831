"""What pruning saved: what the pruned trials would have taken had each gone on to its own end.

How many steps a trial goes (early stopping ends most) and how long a step takes follow from its values: the trials that
finished tell how, those that were pruned tell their own pace, and that they would have gone further than the cut. How
long early stopping waits after the best step is the same for all, so that it is the best step which is estimated. Both
are linear regressions of the logarithm on outcomes of which some are censored (Tobin 1958, Econometrica 26:24), drawn
from their joint posterior: what is not known of the regression is shared by all pruned trials and does not average out
in their total. Start-up is paid by every trial, and so is no part of it. scripts/bench/savings holds it against the
truth.

Legend: T trials, F features, D draws.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.intervals import Interval
from shipworthy.track.campaign.read import FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.cost.run_intervals import run_intervals
from shipworthy.track.cost.spans import HOUR_S
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.quantities import seconds

LEAST = 3
"""Finished trials, below which nothing is said."""
LEVEL = 0.9
DRAWS, BURN_IN, SEED = 2000, 200, 17
SHRINKAGE = 0.5
"""Prior precision of a feature's weight, in units of the residuals' variance: half a trial's."""
PRIOR_SHAPE, PRIOR_SPREAD = 1.0, 0.2
"""Of the residuals' inverse-gamma prior: worth two trials that are about 20% off."""

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
        waited: steps after its best one, until it stopped (None: it has not ended, or told no best one).
    """

    trial: Trial
    steps: int
    planned: int | None
    pace: float | None
    tail: float
    gpus: float
    waited: int | None = None


@dataclass(frozen=True)
class Savings:
    """What pruning saved.

    Attributes:
        pruned, finished: trials that it is of, and those of known times that it is estimated from.
        pruned_timed: of the pruned ones those of known times.
        done: steps that the pruned ones made.
        steps: that they would have made further, and `seconds` that these would have taken, as 90% prediction intervals
            (None: too few trials say when they made their steps).
        gpu_hours: that go with `seconds` (0: there are no GPUs).
        share: of the seconds that all trials would have taken without pruning.
    """

    pruned: int
    pruned_timed: int
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
            return (
                f"{cut}What that saved can't be said: {self.finished} that finished and {self.pruned_timed} that were "
                f"pruned noted when they made their steps, and it takes {LEAST} and all."
            )
        steps = f"{self.steps.value:,.0f}"
        if self.steps.low < self.steps.high:  # else nothing ends a trial early, and they are known
            steps += f" [{self.steps.low:,.0f}, {self.steps.high:,.0f}]"
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
    timed_cut, timed_whole = ([one for trial in trials if (one := timed(trial))] for trials in (cut, whole))
    timed_whole = [one for one in timed_whole if one.pace]
    found = Savings(len(cut), len(timed_cut), len(timed_whole), sum(trial.step or 0 for trial in cut))
    if len(timed_whole) < LEAST or len(timed_cut) < len(cut):
        return found
    steps_TD, seconds_TD = spared(campaign.space, timed_whole, timed_cut)
    gpu_s = float(np.median(seconds_TD, axis=1) @ np.array([one.gpus for one in timed_cut]))
    taken = sum(trial.cost.seconds for trial in (*cut, *whole))
    time = _interval(seconds_TD.sum(axis=0))
    return replace(
        found,
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
    best = trial.run.training.get("selected_step")
    waited = None if best is None else max(0, trial.step - int(best))
    return Timed(trial, trial.step, trial.steps, pace, tail, float(len(ran.start.gpus)), waited)


def spared(space: Sequence[Dimension], whole: Sequence[Timed], cut: Sequence[Timed]) -> tuple[Floats, Floats]:
    """Steps and seconds that each pruned trial would have made further: draws, shape (T, D) each.

    Args:
        whole: trials that finished.
        cut: trials that were pruned.
    """
    draws = np.random.default_rng(SEED)
    everyone, n = [*whole, *cut], len(whole)
    design_TF = _design(space, [one.trial for one in everyone], n)
    came_T, most_T = (np.array([float(x) for x in column]) for column in zip(*map(_ends, everyone), strict=True))
    # Of a trial that was pruned, or that came to the last step there is, only the least length is known.
    ended_T = (np.arange(len(everyone)) < n) & (came_T < most_T)
    if ended_T.any():
        # Early stopping waits as long for all: what follows from the values is the step of the best.
        waited = min((one.waited or 0 for one, ended in zip(everyone, ended_T, strict=True) if ended), default=0)
        best_T = np.log(np.maximum(came_T - waited, 1.0))
        lengths_TD = np.maximum(waited + np.exp(_draw(design_TF, best_T, ended_T, draws)[n:]), came_T[n:, None])
    else:  # nothing ends them early
        lengths_TD = np.full((len(cut), DRAWS), np.inf)
    further_TD = np.minimum(lengths_TD, most_T[n:, None]) - came_T[n:, None]
    paces_T = np.array([one.pace or 0.0 for one in everyone])
    logs_T = np.log(paces_T, out=np.full(len(paces_T), -np.inf), where=paces_T > 0)
    paces_TD = np.exp(_draw(design_TF, logs_T, paces_T > 0, draws)[n:])
    tails_TD = draws.choice([one.tail for one in whole], size=further_TD.shape)
    paid_T = np.array([one.tail for one in cut])  # for its own end each pruned trial has paid
    return further_TD, np.maximum(0.0, further_TD * paces_TD + tails_TD - paid_T[:, None])


def _ends(one: Timed) -> tuple[float, float]:
    """The step that it came to, and the last that there is."""
    return one.steps, one.planned or np.inf


def _design(space: Sequence[Dimension], trials: Sequence[Trial], whole: int) -> Floats:
    """What a trial's length and pace may follow from, shape (T, F).

    A one; whether it was pruned, of which those that finished tell nothing, so that its weight stays as wide as its
    prior; the values and the first metric that it told, standardised (0 where it has none).

    Args:
        whole: how many of the trials, the first ones, finished.
    """
    columns: list[list[Any]] = []
    for one in space:
        given = [trial.params.get(one.key) for trial in trials]
        if one.kind == "categorical":
            columns += [[float(value == choice) for value in given] for choice in one.choices[1:]]
        else:
            columns.append([None if v is None else log(float(v)) if one.log else float(v) for v in given])
    columns.append([trial.curve[0][1] if trial.curve else None for trial in trials])
    told = [column for column in columns if any(value is not None for value in column)]
    table_TF = np.array(told, dtype=np.float64).reshape(len(told), len(trials)).T
    spread_F = np.nanstd(table_TF, axis=0)
    varies_F = spread_F > 0
    scaled_TF = (table_TF[:, varies_F] - np.nanmean(table_TF[:, varies_F], axis=0)) / spread_F[varies_F]
    pruned_T = np.arange(len(trials)) >= whole
    return np.column_stack([np.ones(len(trials)), pruned_T, np.nan_to_num(scaled_TF)])


def _draw(design_TF: Floats, known_T: Floats, exact_T: NDArray[np.bool_], draws: np.random.Generator) -> Floats:
    """Draws of a linear regression's outcomes, by Gibbs sampling (Chib 1992, J. Econometrics 51:79); shape (T, D).

    Args:
        known_T: the outcomes; where they are not exact, what they exceed.
    """
    from scipy.special import ndtr, ndtri

    prior_FF = np.diag([1e-6, *np.full(design_TF.shape[1] - 1, SHRINKAGE)])
    covariance_FF = np.linalg.inv(design_TF.T @ design_TF + prior_FF)
    root_FF = np.linalg.cholesky(covariance_FF)
    middle = known_T[exact_T].mean()
    outcome_T = np.where(exact_T, known_T, np.maximum(known_T, middle)) - middle
    least_T = known_T[~exact_T] - middle
    shape = PRIOR_SHAPE + (len(known_T) + len(covariance_FF)) / 2
    found_TD = np.empty((len(known_T), DRAWS))
    variance = float(outcome_T[exact_T].var()) + PRIOR_SPREAD**2
    for draw in range(-BURN_IN, DRAWS):
        mean_F = covariance_FF @ (design_TF.T @ outcome_T)
        weights_F = mean_F + np.sqrt(variance) * (root_FF @ draws.standard_normal(len(mean_F)))
        line_T = design_TF @ weights_F
        off = float(((outcome_T - line_T) ** 2).sum() + weights_F @ prior_FF @ weights_F)
        variance = (PRIOR_SHAPE * PRIOR_SPREAD**2 + off / 2) / draws.gamma(shape)
        spread = np.sqrt(variance)
        below_T = ndtr((least_T - line_T[~exact_T]) / spread)
        share_T = below_T + (1 - below_T) * draws.uniform(size=len(least_T))
        outcome_T[~exact_T] = np.maximum(least_T, line_T[~exact_T] + spread * ndtri(np.minimum(share_T, 1 - 1e-12)))
        if draw >= 0:
            found_TD[:, draw] = outcome_T
    found_TD += middle
    return found_TD


def _interval(total_D: Floats) -> Interval:
    low, value, high = np.quantile(total_D, [(1 - LEVEL) / 2, 0.5, (1 + LEVEL) / 2])
    return Interval(float(value), float(low), float(high), LEVEL)
