"""Detectors that look at all validations so far: whether they get worse while train gets better, or no better."""

import math
from itertools import pairwise
from statistics import median

from scipy.stats import kendalltau

from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import margin_of
from shipworthy.evaluation.metric import metric as of_name
from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.losses import NORMAL, losses, mean
from shipworthy.train.monitor.schema import Overfitting, Patience

RECENT = 20
"""Steps whose median is the loss on train beside a validation."""
SURE = 2.0
"""Standard errors."""
ROUNDING = 1e-9


def _validated(history: History, end: int, key: str) -> list[tuple[int, float]]:
    """Entry and value of each validation that measured `key`, the oldest first."""
    found = ((n, float(entry[key])) for n, entry in enumerate(history[:end]) if key in entry)
    return [(n, value) for n, value in found if math.isfinite(value)]


def overfitting(history: History, end: int, config: Overfitting) -> Detection | None:
    """Since its lowest, the loss on validation climbs, and that on train falls.

    It climbs where the later half of these validations lies above the lowest by a share of it, and by several times the
    noise, and where their order is one that noise would rarely give (Kendall's rank test for a trend, Mann 1945, which
    does not ask how the curve is bent). Noise that carries over from one validation to the next is a rise like others.
    """
    curve = _validated(history, end, "val_loss")
    values = [value for _, value in curve]
    lowest = values.index(min(values)) if values else 0
    since = values[lowest:]
    if len(since) < config.validations:
        return None
    later = since[-(len(since) // 2) :]
    rise = math.fsum(later) / len(later) - since[0]
    limit = max(config.least * since[0], config.deviations * _noise(values))
    if rise <= limit or kendalltau(range(len(since)), since, alternative="greater").pvalue > config.chance:
        return None
    first, last = curve[lowest][0], curve[-1][0]
    if not _falls(losses(history, first + 1, last + 1)):
        return None
    train = [median(losses(history, n + 1 - RECENT, n + 1)) for n in (first, last)]
    at, step = int(history[first]["step"]), int(history[last]["step"])
    sentence = (
        f"Overfitting since step {at}: in {len(since)} validations up to step {step} the loss on validation rose from "
        f"{since[0]:.3g} to {since[-1]:.3g}, while that on train fell from {train[0]:.3g} to {train[1]:.3g} (the gap "
        f"went from {since[0] - train[0]:.3g} to {since[-1] - train[1]:.3g}): give it more rows, lower trainer.steps, "
        "optimizer.lr or adapter.rank, or raise adapter.dropout."
    )
    return Detection(rise, limit, at + 1, sentence)


def _noise(values: list[float]) -> float:
    """A robust standard deviation of what is no trend: of the second differences, which a straight line leaves at 0."""
    changes = [after - before for before, after in pairwise(values)]
    bends = [abs(after - before) for before, after in pairwise(changes)]
    return NORMAL * median(bends) / math.sqrt(6) if bends else math.inf


def _falls(values: list[float]) -> bool:
    """Whether the later half is lower on average, by more than chance."""
    half = len(values) // 2
    if half < 2:
        return False
    (before, error), (after, error_after) = mean(values[:half]), mean(values[half:])
    return before - after > SURE * math.sqrt(error + error_after)


def patience(history: History, end: int, config: Patience, metric: str) -> Detection | None:
    """The last validations brought nothing better on the task's metric than the best before them.

    Args:
        metric: its name.
    """
    sign = 1.0 if of_name(metric).GREATER_IS_BETTER else -1.0
    curve = _validated(history, end, "val_metric")
    best, at, waited = -sign * math.inf, 0, 0
    for n, value in curve:
        if sign * value >= sign * _asked(best, config, metric) - ROUNDING * max(1.0, abs(value)):
            best, at, waited = value, n, 0
        else:
            waited += 1
    if waited < config.validations:
        return None
    asked, step, since = _asked(best, config, metric), int(history[at]["step"]), int(history[curve[-waited][0]]["step"])
    sentence = (
        f"{waited} validations up to step {int(history[end - 1]['step'])} brought nothing better than the metric "
        f"{figures.figure(metric, best)} of step {step} (by {figures.amount(metric, abs(asked - best))} at least): "
        "more steps are unlikely to help; to wait longer, raise trainer.monitor.patience.validations."
    )
    return Detection(float(curve[-1][1]), asked, since, sentence)


def _asked(best: float, config: Patience, metric: str) -> float:
    """The value from which on a validation is better than the best before it."""
    if math.isinf(best):
        return best
    least = margin_of(metric, config.least, best)
    return best + least if of_name(metric).GREATER_IS_BETTER else best - least
