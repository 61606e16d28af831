"""Detectors that look at gradients and weights: functions of the first `end` entries of the history and settings."""

import math
from collections.abc import Mapping
from statistics import median
from typing import Any

from shipworthy.train.monitor.findings import Detection, History
from shipworthy.train.monitor.schema import DeadAdapter, Explosion, Vanishing

GRADIENT, WEIGHT = "grad_norm/", "weight_norm/"


def _norms(history: History, start: int, end: int) -> list[float]:
    values = (float(entry["grad_norm"]) for entry in history[max(0, start) : max(0, end)] if "grad_norm" in entry)
    return [value for value in values if math.isfinite(value)]


def explosion(history: History, end: int, config: Explosion) -> Detection | None:
    """A gradient norm that is many times the median of those before it, and of the first steps'.

    The first steps' counts too, for where the loss is almost 0 an ordinary row is many times the others.
    """
    entry = history[end - 1]
    norm, step = float(entry.get("grad_norm", 0.0)), int(entry["step"])
    before, first = _norms(history, end - 1 - config.window, end - 1), _norms(history, 0, config.warm_up)
    if end <= config.warm_up or not before or not first or not math.isfinite(norm):
        return None
    usual = max(median(before), median(first))
    limit = config.times * usual
    if norm <= limit or not usual:
        return None
    sentence = (
        f"Gradient norm {norm:.3g} at step {step} is {norm / usual:.0f} times the usual {usual:.3g}: look at that "
        "batch's rows in the spike report; if it comes again with other rows, lower optimizer.lr or trainer.clip."
    )
    return Detection(norm, limit, step, sentence)


def _quotients(history: History, start: int, end: int) -> list[float]:
    """Gradient norm by loss, which stays about the same where gradients fall because the loss does."""
    pairs = ((float(e.get("grad_norm", math.nan)), float(e["loss"])) for e in history[max(0, start) : end])
    return [norm / loss for norm, loss in pairs if math.isfinite(norm) and math.isfinite(loss) and loss > 0]


def vanishing(history: History, end: int, config: Vanishing) -> Detection | None:
    """Gradients became small, and the loss did not."""
    first, recent = _quotients(history, 0, config.window), _quotients(history, end - config.window, end)
    if end < 2 * config.window or not first or not recent:
        return None
    value, limit = median(recent), config.share * median(first)
    if value >= limit:
        return None
    step = int(history[end - 1]["step"])
    sentence = (
        f"Gradients vanish: by the loss, the norm is {value:.2g} in the {config.window} steps up to {step}, and was "
        f"{median(first):.2g} in the first ones: lower optimizer.lr (weights may be saturated) or raise "
        "trainer.precision."
    )
    return Detection(value, limit, int(history[end - config.window]["step"]), sentence)


def _gradients(entry: Mapping[str, Any]) -> dict[str, float]:
    groups = {key.removeprefix(GRADIENT): float(value) for key, value in entry.items() if key.startswith(GRADIENT)}
    return groups or ({"all trained weights": float(entry["grad_norm"])} if "grad_norm" in entry else {})


def _still(history: History, end: int, steps: int) -> list[str]:
    """The groups whose weights' norm did not change by a bit while steps were done."""
    entries = history[max(0, end - steps - 1) : end]
    done = entries[:-1]  # the last one's step is still to come
    if len(done) < steps or any(entry.get("skipped") or not entry.get("lr") for entry in done):
        return []
    keys = [key for key in entries[-1] if key.startswith(WEIGHT)]
    return [key.removeprefix(WEIGHT) for key in keys if len({entry.get(key) for entry in entries}) == 1]


def dead_adapter(history: History, end: int, config: DeadAdapter) -> Detection | None:
    """Groups that got no gradient in any of the last steps, or whose weights did not move."""
    if end < config.steps:
        return None
    entries = history[end - config.steps : end]
    norms = [_gradients(entry) for entry in entries]
    limits = [config.share * max((v for v in norm.values() if math.isfinite(v)), default=0.0) for norm in norms]
    without = [
        group
        for group in norms[-1]
        if all(norm.get(group, math.nan) <= limit for norm, limit in zip(norms, limits, strict=True))
    ]
    still = [group for group in _still(history, end, config.steps) if group not in without]
    if not without and not still:
        return None
    since, step = int(entries[0]["step"]), int(entries[-1]["step"])
    said = [
        *([f"no gradient reached {', '.join(without)}"] if without else []),
        *([f"the weights of {', '.join(still)} did not move"] if still else []),
    ]
    sentence = (
        f"From step {since} to {step} {' and '.join(said)}: see that the adapter's weights require gradients and are "
        "the optimizer's, that the rows have supervised tokens, and what adapter.first_layer is."
    )
    return Detection(max((norms[-1][group] for group in without), default=0.0), limits[-1], since, sentence)
