"""Weights that are updated alike: which decay, and at what rates."""

import re
from collections.abc import Iterable
from typing import Any

from torch.nn import Parameter

from shipworthy.train.optimizers.schema import Rule

LAYER = re.compile(r"(?:^|\.)(\d+)\.")
"""The first number in a parameter's name is its layer."""
LORA_B = re.compile(r"\.lora(_embedding)?_B\b")

Group = dict[str, Any]


def groups(named: Iterable[tuple[str, Parameter]], config: Rule) -> list[Group]:
    """What an optimizer of torch takes: `params`, `lr`, `weight_decay`; and `hidden`: they are layers' matrices.

    Weights with the same settings are one group, in the order in which they are named; groups in that of their first.

    Args:
        named: the trained weights, in the network's order.
    """
    every = list(named)
    depths = depth([name for name, _ in every])
    found: dict[tuple[float, float, bool], Group] = {}
    for (name, weight), above in zip(every, depths, strict=True):
        lr = config.lr * config.layer_decay**above * (config.lora_plus if LORA_B.search(name) else 1.0)
        decay = config.weight_decay if weight.dim() > 1 else 0.0
        hidden = weight.dim() == 2 and LAYER.search(name) is not None
        settings = {"lr": lr, "weight_decay": decay, "hidden": hidden}
        found.setdefault((lr, decay, hidden), {"params": [], **settings})["params"].append(weight)
    return list(found.values())


def depth(names: list[str]) -> list[int]:
    """How many steps of `layer_decay` each weight lies below the top.

    What comes after the layers (the last norm, a head) is the top, the highest layer lies one step below it, and what
    comes before the layers (the embeddings) one step below the lowest; as Clark et al. 2020 (ELECTRA) and Bao et al.
    2022 (BEiT) count.
    """
    layers = [int(found[1]) if (found := LAYER.search(name)) else None for name in names]
    numbers = [layer for layer in layers if layer is not None]
    if not numbers:
        return [0] * len(names)
    count = max(numbers) + 1
    first = layers.index(next(layer for layer in layers if layer is not None))
    return [
        count - layer if layer is not None else (count + 1 if place < first else 0)
        for place, layer in enumerate(layers)
    ]
