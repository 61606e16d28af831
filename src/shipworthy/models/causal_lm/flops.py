"""Floating-point operations of a training step, counted from the shapes of its matrix products.

What is counted is what the result needs, once: no padding, no activation made again, and of the backward pass the
gradient of the inputs and of the trained weights, not of the frozen ones.
"""

import time
from collections.abc import Iterable, Sequence
from statistics import median

import torch
from torch.nn import Linear
from transformers import PreTrainedModel

from shipworthy.models.quantities import BatchShape

SIDE, SIDE_ON_GPU = 2048, 8192
"""Of the timed product's matrices; on a GPU a small one times the launch."""


class FlopCounter:
    """Counts the operations of batches on a network.

    Args:
        base: the causal language model, with an adapter's layers in place.
    """

    def __init__(self, base: PreTrainedModel) -> None:
        config = base.config
        head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
        layers = list(base.model.layers)
        trained = [sum(p.numel() for p in layer.parameters() if p.requires_grad) for layer in layers]
        first = next((i for i, count in enumerate(trained) if count), len(layers))
        frozen = [
            sum(m.weight.numel() for m in layer.modules() if isinstance(m, Linear) and not m.weight.requires_grad)
            for layer in layers
        ]
        # Multiply and add, forward; as much again for the gradient of the inputs; as much for that of trained weights.
        self.per_token = 2 * sum(frozen) + 2 * sum(frozen[first:]) + 6 * sum(trained) - 2 * _needless(layers[first:])
        self.per_supervised_token = 4 * base.lm_head.weight.numel()
        pair = 4 * config.num_attention_heads * head_size  # its score, and its share of the value
        self.per_pair = pair * len(layers) + 2 * pair * (len(layers) - first)

    def of(self, batches: Iterable[BatchShape]) -> float:
        """The operations of forward and backward pass."""
        total = 0.0
        for one in batches:
            pairs = one.prefix * (one.prefix + 1) / 2 + sum(n * one.prefix + n * (n + 1) / 2 for n in one.lengths)
            total += one.tokens * self.per_token + one.supervised * self.per_supervised_token + pairs * self.per_pair
        return total


def _needless(layers: Sequence[torch.nn.Module]) -> int:
    """Weights whose inputs' gradient nobody asks for: below the first trained layer, nothing is trained."""
    readers = [getattr(layer.self_attn, f"{name}_proj") for layer in layers[:1] for name in "qkv"]
    return sum(
        m.weight.numel()
        for reader in readers
        for name, m in reader.named_modules()
        if isinstance(m, Linear) and "lora_B" not in name
    )


def matrix_product_rate(device: torch.device, rounds: int = 5) -> float:
    """What a product of two square float32 matrices reaches on this machine now (operations per second, median)."""
    side = SIDE if device.type == "cpu" else SIDE_ON_GPU
    draw = torch.Generator(device).manual_seed(0)  # of its own: a run's draws are not disturbed
    a, b = (torch.randn(side, side, device=device, generator=draw) for _ in range(2))
    seconds = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        (a @ b)[0, 0].item()  # waits for a GPU
        seconds.append(time.perf_counter() - begun)
    return float(2 * side**3 / median(seconds[1:]))
