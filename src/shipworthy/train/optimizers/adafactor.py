"""Adafactor, by torch."""

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import Adafactor


def build(groups: list[Group], config: Adafactor) -> torch.optim.Adafactor:
    """The optimizer."""
    return torch.optim.Adafactor(
        groups, lr=config.lr, beta2_decay=-config.beta2_decay, eps=(None, config.eps), d=config.clip
    )
