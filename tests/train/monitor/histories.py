"""Histories of runs: made up, with a seed, or real."""

import json
import math
import random
from pathlib import Path
from typing import Any

Entry = dict[str, Any]

GROUPS = ("layers.0-9.attn", "layers.0-9.mlp")


def ordinary(steps: int, seed: int = 0, noise: float = 0.15, end: float = 0.8) -> list[Entry]:
    """A run that learns: the loss falls from 6 to `end`, batches differ, gradients fall with the loss."""
    generator = random.Random(seed)
    history = []
    for i in range(steps):
        loss = (end + (6.0 - end) * math.exp(-i / 40)) * math.exp(generator.gauss(0, noise))
        norm = loss * math.exp(generator.gauss(0, 0.3))
        history.append(
            {
                "step": i + 1,
                "loss": loss,
                "grad_norm": norm,
                **{f"grad_norm/{group}": norm * share for group, share in zip(GROUPS, (0.4, 0.9), strict=True)},
                **{f"weight_norm/{group}": 10 + 1e-6 * i for group in GROUPS},
                "lr": 1e-3,
                "step_s": 1.0,
                "data_wait_s": 0.02,
            }
        )
    return history


def real() -> dict[str, list[Entry]]:
    """LoRA of SmolLM2-135M on the demo's rows, at its own rate and at 100 times that."""
    curves = json.loads(Path(__file__).with_name("curves.json").read_text())
    return {
        name: [
            {"step": i + 1, "loss": loss, "grad_norm": norm, "lr": 1e-3}
            for i, (loss, norm) in enumerate(zip(curve["loss"], curve["grad_norm"], strict=True))
        ]
        for name, curve in curves.items()
    }


def validations(kind: str, count: int, noise: float, seed: int, every: int = 20) -> list[Entry]:
    """A run whose loss on train falls all the time (steps differ by 15%), validated every so many steps.

    Args:
        kind: of the loss on validation: `falling`, `settled` (soon at its floor), `flat`, `overfit` (lowest after a
            third, 40% above that at the end), `overfit from the start`.
        noise: of a validation (share of its loss).
    """
    generator = random.Random(f"{kind} {count} {noise} {seed}")
    shapes = {
        "falling": lambda x: 1.2 + 1.5 * math.exp(-4 * x),
        "settled": lambda x: 1.2 + 1.5 * math.exp(-3 * x * count),
        "flat": lambda x: 1.2,
        "overfit": lambda x: 1.2 + (1.0 * (1 - 3 * x) ** 2 if x < 1 / 3 else 0.48 * ((3 * x - 1) / 2) ** 1.5),
        "overfit from the start": lambda x: 1.2 + 0.5 * x,
    }
    history = []
    for i in range(count * every):
        x = (i + 1) / (count * every)
        loss = (0.2 + 2.0 * math.exp(-2.5 * x)) * math.exp(generator.gauss(0, 0.15))
        history.append({"step": i + 1, "loss": loss})
        if (i + 1) % every == 0:
            history[-1] |= {"val_loss": shapes[kind](x) * math.exp(generator.gauss(0, noise)), "val_metric": 0.0}
    return history
