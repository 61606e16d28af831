"""AdamW, by torch."""

import torch

from shipworthy.train.optimizers.groups import Group
from shipworthy.train.optimizers.schema import AdamW


def build(groups: list[Group], config: AdamW) -> torch.optim.AdamW:
    """On a GPU one fused kernel; on a CPU the plain loop, whose last bits runs of earlier versions have."""
    on_gpu = all(weight.is_cuda for group in groups for weight in group["params"])
    betas = (config.beta1, config.beta2)
    return torch.optim.AdamW(groups, lr=config.lr, betas=betas, eps=config.eps, fused=on_gpu or None)
