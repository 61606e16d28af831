"""Optimizers and their schedules."""

import math
from collections.abc import Iterable

import torch
from torch.optim.lr_scheduler import LambdaLR

from shipworthy.train.schema import AdamW


def rate(step: int, steps: int, config: AdamW) -> float:
    """The share of the highest rate at a step (from 0): a linear rise, then a cosine down to the floor."""
    rising = max(1, round(config.warmup * steps))
    if step < rising:
        return (step + 1) / rising
    done = (step - rising) / max(1, steps - rising)
    return config.floor + (1 - config.floor) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


def build(
    parameters: Iterable[torch.nn.Parameter], config: AdamW, steps: int
) -> tuple[torch.optim.Optimizer, LambdaLR]:
    """The optimizer of the trainable parameters, and its schedule over `steps`."""
    optimizer = torch.optim.AdamW(
        [p for p in parameters if p.requires_grad],
        lr=config.lr,
        betas=(config.beta1, config.beta2),
        eps=config.eps,
        weight_decay=config.weight_decay,
    )
    return optimizer, LambdaLR(optimizer, lambda step: rate(step, steps, config))
