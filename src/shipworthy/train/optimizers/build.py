"""From the config of a rule to the optimizer; each rule's is in the module that is called as its kind."""

from collections.abc import Iterable

import torch

from shipworthy.core.lazy import Lazy
from shipworthy.train.optimizers.groups import groups
from shipworthy.train.optimizers.schema import Rule

OPTIMIZERS = Lazy("shipworthy.train.optimizers.{optimizer.kind}")


def build(named: Iterable[tuple[str, torch.nn.Parameter]], config: Rule) -> torch.optim.Optimizer:
    """The optimizer of trained weights.

    Args:
        named: those that are trained, with their names, in the network's order.

    Raises:
        UsageError: the rule needs a library or a device that is not there.
    """
    optimizer: torch.optim.Optimizer = OPTIMIZERS.load(config).build(groups(named, config), config)
    return optimizer
