"""Down half a wave of a cosine."""

import math

from shipworthy.train.schedules.parts import done, risen, rising
from shipworthy.train.schedules.schema import Cosine


def factor(step: int, steps: int, config: Cosine) -> float:
    """The share of the highest rate at a step (from 0)."""
    top = rising(config.warmup, steps)
    if (share := risen(step, top)) is not None:
        return share
    return config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * done(step, top, steps)))
