"""Warm-up, stable, decay."""

import math

from shipworthy.core.errors import UsageError
from shipworthy.train.schedules.parts import done, length, risen, rising
from shipworthy.train.schedules.schema import WSD


def factor(step: int, steps: int, config: WSD) -> float:
    """The share of the highest rate at a step (from 0).

    Raises:
        UsageError: warm-up and decay are longer than the training.
    """
    top, begin = rising(config.warmup, steps), steps - length(config.decay, steps, "decay")
    if begin < top - 1:
        raise UsageError(
            f"schedule.warmup={config.warmup:g} and schedule.decay={config.decay:g} are more than trainer.steps={steps}"
            ": lower one."
        )
    if (share := risen(step, top)) is not None:
        return share
    if step < begin:
        return 1.0
    share = done(step, begin, steps)
    left = {"1-sqrt": 1 - math.sqrt(share), "linear": 1 - share, "cosine": 0.5 * (1 + math.cos(math.pi * share))}
    return config.floor + (1 - config.floor) * left[config.form]
