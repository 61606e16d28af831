"""The highest rate to the end."""

from shipworthy.train.schedules.parts import risen, rising
from shipworthy.train.schedules.schema import Constant


def factor(step: int, steps: int, config: Constant) -> float:
    """The share of the highest rate at a step (from 0)."""
    share = risen(step, rising(config.warmup, steps))
    return 1.0 if share is None else share
