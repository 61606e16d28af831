"""Floating-point operations of a training step, counted from the shapes of its matrix products.

What is counted is what the result needs, once: no padding, no activation made again, and of the backward pass the
gradient of the inputs and of the trained weights, not of the frozen ones.
"""

import time
from collections import defaultdict
from collections.abc import Iterable
from statistics import median

import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters import virtual
from shipworthy.models.causal_lm.structure import has_head, head_modules, is_encoder, layers
from shipworthy.models.causal_lm.widths import Matrix, experts_met, matrices, reach
from shipworthy.models.quantities import BatchShape

SIDE, SIDE_ON_GPU = 2048, 8192
"""Of the timed product's matrices; on a GPU a small one times the launch."""


class FlopCounter:
    """Counts the operations of batches on a network.

    Args:
        base: the causal language model, with an adapter's layers in place.
    """

    def __init__(self, base: PreTrainedModel) -> None:
        config = base.config.get_text_config(decoder=True)
        found = [matrices(layer, experts_met(base)) for layer in layers(base)]
        below = virtual.of(base) is not None or any(p.requires_grad for p in base.get_input_embeddings().parameters())
        first = next((i for i, layer in enumerate(found) if below or any(m.trained for m in layer)), len(found))
        # Multiply and add, forward; as much again for the gradient of the inputs; as much for that of trained weights.
        self.per_token = sum(
            2 * m.numbers * (1 + (i >= first) + m.trained) for i, layer in enumerate(found) for m in layer
        )
        if first < len(found) and not below:
            self.per_token -= 2 * sum(m.numbers for m in _readers(found[first], config.hidden_size))
        last = [base.get_output_embeddings()] if not has_head(base) else map(base.get_submodule, head_modules(base))
        ends = [weight for module in last for weight in module.parameters() if weight.dim() == 2]
        self.per_supervised_token = sum((4 + 2 * weight.requires_grad) * weight.numel() for weight in ends)
        self.causal = not is_encoder(base)
        heads = getattr(config, "num_attention_heads", 0)
        width = getattr(config, "head_dim", None) or config.hidden_size // max(1, heads)
        # Its score, and its share of the value.
        pair = 2 * heads * (getattr(config, "qk_head_dim", width) + getattr(config, "v_head_dim", width))
        self.per_pair: dict[float, int] = defaultdict(int)
        """How many tokens a token sees → operations of a pair of tokens, over the layers where it sees so many."""
        for i, seen in enumerate(reach(base)):
            self.per_pair[seen] += pair * (1 + 2 * (i >= first))

    def of(self, batches: Iterable[BatchShape]) -> float:
        """The operations of forward and backward pass."""
        total = 0.0
        for one in batches:
            total += one.tokens * self.per_token + one.supervised * self.per_supervised_token
            total += sum(_pairs(one, seen, self.causal) * each for seen, each in self.per_pair.items())
        return total


def _readers(layer: list[Matrix], width: int) -> list[Matrix]:
    """Those whose inputs' gradient nobody asks for, where nothing below the layer is trained.

    They are all of its first block, its attention or its recurrence, but the one that gives the network's width back;
    and of their updates the first, which reads the same.
    """
    own = [m for m in layer if m.block == layer[0].block and not m.update]
    back = [m.layer for m in own if m.outputs == width][-1:]
    reading = {m.layer for m in own if m.inputs == width and m.layer not in back}
    return [m for m in layer if m.layer in reading and m.inputs == width]


def _pairs(batch: BatchShape, seen: float, causal: bool) -> float:
    """Pairs of a token and one that it sees.

    Args:
        seen: how many it sees at most.
        causal: only those before it, and itself.
    """
    if not causal:
        return sum(length * min(length, seen) for length in batch.lengths)

    def below(position: int) -> float:
        """Those of the tokens before a position of a row."""
        full = min(position, seen)
        return full * (full + 1) / 2 + (position - full) * full

    start = below(batch.prefix)
    return start + sum(below(batch.prefix + length) - start for length in batch.lengths)


def matrix_product_rate(device: torch.device, rounds: int = 5, dtype: torch.dtype = torch.float32) -> float:
    """What a product of two square matrices reaches on this machine now (operations per second, median)."""
    side = SIDE if device.type == "cpu" else SIDE_ON_GPU
    draw = torch.Generator(device).manual_seed(0)  # of its own: a run's draws are not disturbed
    a, b = (torch.randn(side, side, device=device, generator=draw).to(dtype) for _ in range(2))
    seconds = []
    for _ in range(rounds + 1):
        begun = time.perf_counter()
        (a @ b)[0, 0].item()  # waits for a GPU
        seconds.append(time.perf_counter() - begun)
    return float(2 * side**3 / median(seconds[1:]))
