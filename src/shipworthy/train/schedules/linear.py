"""Down in equal steps."""

from shipworthy.train.schedules.parts import done, risen, rising
from shipworthy.train.schedules.schema import Linear


def factor(step: int, steps: int, config: Linear) -> float:
    """The share of the highest rate at a step (from 0)."""
    top = rising(config.warmup, steps)
    if (share := risen(step, top)) is not None:
        return share
    return config.floor + (1 - config.floor) * (1 - done(step, top, steps))
