"""Muon for the matrices of layers, AdamW for all other weights, both by torch, as one optimizer."""

from typing import Any

import torch

from shipworthy.train.optimizers import adamw
from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import Muon


class MuonAndAdamW(torch.optim.Optimizer):
    """Two optimizers that work on the groups and the state of this one, so that schedules and checkpoints see one."""

    def __init__(self, groups: list[Group], config: Muon) -> None:
        hidden, others = ([group for group in groups if group["hidden"] == value] for value in (True, False))
        self.parts: dict[bool, torch.optim.Optimizer] = {}
        if hidden:
            self.parts[True] = torch.optim.Muon(
                hidden,
                lr=config.lr,
                momentum=config.momentum,
                ns_steps=config.iterations,
                adjust_lr_fn="match_rms_adamw",
            )
        if others:
            self.parts[False] = adamw.build(others, config)
        super().__init__([group for part in self.parts.values() for group in part.param_groups], {"lr": config.lr})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Updates every weight that has a gradient."""
        assert closure is None, "the gradients are there already"
        for hidden, part in self.parts.items():
            part.state = self.state
            part.param_groups = [group for group in self.param_groups if group["hidden"] == hidden]
            part.step()


def build(groups: list[Group], config: Muon) -> MuonAndAdamW:
    """The optimizer."""
    return MuonAndAdamW(groups, config)
