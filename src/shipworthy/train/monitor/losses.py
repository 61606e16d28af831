"""Detectors that look at the loss: functions of the first `end` entries of the history and their settings."""

import math
from statistics import median

from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.schema import Divergence, NotFinite, Plateau, Spike

FEW = 5
NORMAL = 1.4826
"""A normal distribution's standard deviation, in median absolute deviations."""


def losses(history: History, start: int, end: int) -> list[float]:
    """The finite losses of a range of entries; what would begin before the first begins there."""
    values = (float(entry["loss"]) for entry in history[max(0, start) : max(0, end)])
    return [value for value in values if math.isfinite(value)]


def level(values: list[float]) -> tuple[float, float]:
    """Median and robust standard deviation, which a few outliers don't move."""
    center = median(values)
    return center, NORMAL * median(abs(value - center) for value in values)


def mean(values: list[float]) -> tuple[float, float]:
    """Mean, and its squared standard error; of two values at least."""
    middle = math.fsum(values) / len(values)
    return middle, math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1) / len(values)


def not_finite(history: History, end: int, config: NotFinite) -> Detection | None:
    """A loss or a gradient norm that is NaN or infinite; not where float16 overflowed, and the next step is smaller."""
    entry = history[end - 1]
    loss, step = float(entry["loss"]), int(entry["step"])
    norm = 0.0 if entry.get("overflow") else float(entry.get("grad_norm", 0.0))
    if math.isfinite(loss) and math.isfinite(norm):
        return None
    what = f"loss is {loss:.3g}" if not math.isfinite(loss) else f"gradient norm is {norm:.3g} (loss {loss:.3g})"
    sentence = (
        f"The {what} at step {step}: look at the batch's rows in the spike report; if every batch is so, lower "
        "optimizer.lr or raise trainer.precision."
    )
    return Detection(loss if not math.isfinite(loss) else norm, math.inf, step, sentence)


def spike(history: History, end: int, config: Spike) -> Detection | None:
    """A loss far above those just before it (robust z; Iglewicz and Hoaglin 1993), never one far below."""
    entry = history[end - 1]
    loss, step = float(entry["loss"]), int(entry["step"])
    before = losses(history, end - 1 - config.window, end - 1)
    if len(before) < min(config.warm_up, config.window) or end <= config.warm_up or not math.isfinite(loss):
        return None
    center, deviation = level(before)
    limit = center + max(config.deviations * deviation, config.least)
    if loss <= limit:
        return None
    by = f"{(loss - center) / deviation:.0f} robust deviations above" if deviation else "above"
    sentence = (
        f"Loss {loss:.3g} at step {step} is {by} the median {center:.3g} of the {len(before)} steps before: look at "
        "that batch's rows in the spike report; if it comes again with other rows, lower optimizer.lr."
    )
    return Detection(loss, limit, step, sentence)


def divergence(history: History, end: int, config: Divergence) -> Detection | None:
    """Every one of the last losses lies above the level before them, or above that of the first steps.

    The very first losses are too few to say how noisy they are (and a bad enough rate leaves no more than one of them),
    so that to lie above these counts where the median is twice as far.
    """
    first = end - config.steps
    recent = losses(history, first, end)
    if first < 1 or not recent:
        return None
    references = [losses(history, first - config.window, first), losses(history, 0, min(config.steps, first))]
    limits = [
        center + max(config.deviations * deviation, config.rise * center, config.least)
        for center, deviation in (level(values) for values in references if len(values) >= FEW)
    ]
    earliest = min(losses(history, 0, first), default=math.inf) * (1 + config.rise) if first <= FEW else math.inf
    if median(recent) > 2 * earliest:
        limits.append(earliest)
    limit = min(limits, default=math.inf)
    if min(recent) <= limit:
        return None
    while first > 0 and not float(history[first - 1]["loss"]) <= limit:
        first -= 1
    since, step = int(history[first]["step"]), int(history[end - 1]["step"])
    sentence = (
        f"Loss has stood above {limit:.3g} since step {since}, well above its level before, and is around "
        f"{median(recent):.3g} at step {step}: the rate is too high; lower optimizer.lr, or lengthen schedule.warmup."
    )
    return Detection(median(recent), limit, since, sentence)


def plateau(history: History, end: int, config: Plateau) -> Detection | None:
    """The mean loss of a window improved on the one before by less than asked for, at two standard errors."""
    windows = [losses(history, end - n * config.window, end - (n - 1) * config.window) for n in (2, 1)]
    if end < 2 * config.window or min(map(len, windows)) < 2:
        return None
    means, errors = zip(*map(mean, windows), strict=True)
    if means[0] <= 0:
        return None
    most = (means[0] - means[1] + 2 * math.sqrt(sum(errors))) / means[0]
    if most >= config.least:
        return None
    step = int(history[end - 1]["step"])
    sentence = (
        f"Mean loss {means[1]:.3g} of the {config.window} steps up to {step} is at most {most:.1%} below the "
        f"{means[0]:.3g} of those before: lower trainer.steps, or change optimizer.lr, adapter.rank or the data."
    )
    return Detection(most, config.least, int(history[end - config.window]["step"]), sentence)
