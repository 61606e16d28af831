"""Lion (Chen et al. 2023, "Symbolic Discovery of Optimization Algorithms", algorithm 2); no library of ours has it."""

from typing import Any

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import Lion


class SignMomentum(torch.optim.Optimizer):
    """Steps by the sign of a mixture of momentum and gradient."""

    def __init__(self, groups: list[Group], config: Lion) -> None:
        super().__init__(groups, {"lr": config.lr, "betas": (config.beta1, config.beta2), "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Updates every weight that has a gradient."""
        assert closure is None, "the gradients are there already"
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for weight in group["params"]:
                if weight.grad is None:
                    continue
                state = self.state[weight]
                if not state:
                    state["momentum"] = torch.zeros_like(weight)
                sign = torch.lerp(weight.grad, state["momentum"], beta1).sign_()
                weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(sign, alpha=-group["lr"])
                state["momentum"].lerp_(weight.grad, 1 - beta2)


def build(groups: list[Group], config: Lion) -> SignMomentum:
    """The optimizer."""
    return SignMomentum(groups, config)
