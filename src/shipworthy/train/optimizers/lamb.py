"""LAMB (You et al. 2020, "Large Batch Optimization for Deep Learning", algorithm 2); no library of ours has it.

bitsandbytes calls another rule by this name: it bounds the norm of the update, and not by the norm of the weight.
"""

from typing import Any

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import Lamb


class LayerwiseAdam(torch.optim.Optimizer):
    """Adam whose step is as long, in each weight, as the weight itself times the rate."""

    def __init__(self, groups: list[Group], config: Lamb) -> None:
        betas = (config.beta1, config.beta2)
        super().__init__(groups, {"lr": config.lr, "betas": betas, "eps": config.eps, "weight_decay": 0.0})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """Updates every weight that has a gradient."""
        assert closure is None, "the gradients are there already"
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    update = self._update(weight, group)
                    weight.add_(update * _trust(weight, update), alpha=-group["lr"])

    def _update(self, weight: torch.Tensor, group: Group) -> torch.Tensor:
        """Adam's direction, with the weight's decay."""
        state, gradient = self.state[weight], weight.grad
        assert gradient is not None
        if not state:
            state["step"] = torch.tensor(0.0)
            state["first"], state["second"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        steps, (beta1, beta2) = state["step"].item(), group["betas"]
        state["first"].lerp_(gradient, 1 - beta1)
        state["second"].mul_(beta2).addcmul_(gradient, gradient, value=1 - beta2)
        first, second = state["first"] / (1 - beta1**steps), state["second"] / (1 - beta2**steps)
        return first.div_(second.sqrt_().add_(group["eps"])).add_(weight, alpha=group["weight_decay"])


def _trust(weight: torch.Tensor, update: torch.Tensor) -> torch.Tensor:
    """The length of the weight over that of the update; 1 where one of them has none, so that it can begin to move."""
    length, step = weight.norm(), update.norm()
    return torch.where((length > 0) & (step > 0), length / step, torch.ones_like(step))


def build(groups: list[Group], config: Lamb) -> LayerwiseAdam:
    """The optimizer."""
    return LayerwiseAdam(groups, config)
