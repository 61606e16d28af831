"""From the config of a schedule to the rates of an optimizer; each schedule is in the module called as its kind."""

from torch.optim import Optimizer
from torch.optim.lr_scheduler import LambdaLR

from shipworthy.core.lazy import Lazy
from shipworthy.train.schedules.schema import Schedule

SCHEDULES = Lazy("shipworthy.train.schedules.{schedule.kind}")


def factor(step: int, steps: int, config: Schedule) -> float:
    """The share of the highest rate at a step (from 0) of so many.

    Raises:
        UsageError: a part of it is longer than the training.
    """
    share: float = SCHEDULES.load(config).factor(step, steps, config)
    return share


def build(optimizer: Optimizer, config: Schedule, steps: int) -> LambdaLR:
    """Moves the rates of an optimizer's groups, each from its own highest."""
    found = SCHEDULES.load(config).factor
    return LambdaLR(optimizer, lambda step: found(step, steps, config))
