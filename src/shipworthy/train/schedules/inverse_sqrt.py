"""Down with the root of the steps made."""

import math

from shipworthy.train.schedules.parts import risen, rising
from shipworthy.train.schedules.schema import InverseSqrt


def factor(step: int, steps: int, config: InverseSqrt) -> float:
    """The share of the highest rate at a step (from 0)."""
    top = rising(config.warmup, steps)
    share = risen(step, top)
    return math.sqrt(top / step) if share is None else share
