"""What chance alone brings the best of many trials: how much better it looks on the rows that chose it.

Were all trials equally good, one of them would still look best on a few hundred rows. How much, the trials' own answers
tell: their rows are drawn again, all trials' at once, for they answer the same rows and err alike; what each trial then
has more or less than on the rows themselves is chance, and the largest surplus over the reference is what a search
finds where there is nothing to be found. White 2000, A Reality Check for Data Snooping (Econometrica 68:1097).

    T trials   N rows   B resamples at once   R resamples
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.evaluation import predictions, scores
from shipworthy.evaluation.metric import Metric, metric
from shipworthy.evaluation.resampling import RESAMPLES, RESAMPLES_OF_MANY, Array, Resampling
from shipworthy.track.campaign.read import FINISHED, Campaign
from shipworthy.track.hpo.schema import METRIC

ANSWERS = "validation.parquet"
UNUSUAL = 0.95
"""Of searches without anything to be found that bring less than `most`."""


@dataclass(frozen=True)
class Chance:
    """What was gained over a reference, and what chance brings where all trials are as good as that.

    Attributes:
        trials, rows: so many trials were compared, on so many rows.
        recipe: whether the reference is the recipe itself; else the trial in the middle.
        reference: its metric.
        gain: of the best over the reference, on the rows that chose it; in the metric's unit, more is better.
        expected, most: of such gains where all are equally good: their mean, and what `UNUSUAL` of them stay below.
        p_value: the share of them that are as large as `gain`.
    """

    trials: int
    rows: int
    recipe: bool
    reference: float
    gain: float
    expected: float
    most: float
    p_value: float


def answers(campaign: Campaign) -> dict[int, pl.DataFrame]:
    """Of each finished trial that noted them: the ids of the rows it was judged by and their scores."""
    found = {}
    for trial in campaign.of(FINISHED):
        path = trial.run.folder / "checkpoint" / ANSWERS if trial.run else None
        if path is not None and path.is_file():
            found[trial.number] = predictions.scored(path)
    return found


def judged_apart(by_trial: dict[int, pl.DataFrame]) -> list[list[int]]:
    """The trials that were judged by the same rows, each such lot in order, the largest first."""
    lots: dict[tuple[str, ...], list[int]] = {}
    for number, rows in by_trial.items():
        lots.setdefault(tuple(rows["id"]), []).append(number)
    return sorted(lots.values(), key=len, reverse=True)


def chance(campaign: Campaign, by_trial: dict[int, pl.DataFrame]) -> Chance | None:
    """None where trials are not chosen by the metric, fewer than two can be compared, or their rows differ.

    Args:
        by_trial: what `answers` read.
    """
    lots = judged_apart(by_trial)
    if campaign.kind != "tune" or campaign.first != METRIC or len(lots) != 1 or len(lots[0]) < 2:
        return None
    by, known = metric(campaign.metric), [trial for trial in campaign.different if trial.number in by_trial]
    sign = 1.0 if by.GREATER_IS_BETTER else -1.0
    tables = [predictions.rows(by_trial[trial.number]) for trial in known]
    values_T = sign * np.array([scores.value(campaign.metric, rows) for rows in tables])
    middle = int(np.argsort(values_T, kind="stable")[len(values_T) // 2])
    reference = next((i for i, trial in enumerate(known) if trial.is_recipe), middle)
    how = predictions.resampling(by_trial[known[0].number])
    surplus_RT = sign * _resampled(by, tables, how) - values_T
    gains_R = (surplus_RT - surplus_RT[:, [reference]]).max(axis=1)
    gains_R = gains_R[~np.isnan(gains_R)]
    if not len(gains_R):
        return None
    gain = float(values_T.max() - values_T[reference])
    return Chance(
        trials=len(known),
        rows=how.n,
        recipe=known[reference].is_recipe,
        reference=float(sign * values_T[reference]),
        gain=gain,
        expected=float(gains_R.mean()),
        most=float(np.quantile(gains_R, UNUSUAL)),
        p_value=float((1 + (gains_R >= gain - 1e-12).sum()) / (1 + len(gains_R))),
    )


def _resampled(by: Metric, tables: list[NDArray[Any]], how: Resampling) -> Array:
    """The metric of each trial on each resample of the rows, shape (R, T); NaN where it does not exist."""
    if by.KIND == "whole":
        counts = how.counts(RESAMPLES_OF_MANY)
        return np.concatenate([np.column_stack([by.statistic(rows, one) for rows in tables]) for one in counts])
    rows_NT = np.column_stack([rows.astype(np.float64) for rows in tables])
    counts = how.counts(RESAMPLES_OF_MANY if how.many else RESAMPLES)
    return np.concatenate([one @ rows_NT / one.sum(axis=1)[:, None] for one in counts])
