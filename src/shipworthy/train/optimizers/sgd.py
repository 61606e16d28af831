"""Stochastic gradient descent, by torch."""

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import SGD


def build(groups: list[Group], config: SGD) -> torch.optim.SGD:
    """The optimizer."""
    return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, nesterov=config.nesterov)
