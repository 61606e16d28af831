"""What a training step keeps in memory, by its shapes.

In the formulas h is the network's width, f that of the feed-forward layer, k that of all keys (or all values).
"""

from typing import Any

from shipworthy.models.causal_lm.packed import CHUNK

FLOAT32 = 4  # bytes: of logits, whatever the weights are in
PEAK = 1.4
"""The peak over what the backward pass keeps: gradients on their way, and what the allocator holds (measured on
SmolLM2-135M, 255 to 2523 tokens: 1.2 to 1.44 of it and of `working_numbers`)."""


def kept_numbers(config: Any, layers: int) -> int:
    """What the backward pass keeps for each token of a pack: inputs of norms and linear layers, keys, values, products.

    As models/adapters/fused.py keeps them; a layer with dropout keeps more.

    Args:
        config: of a Llama or a network of its kind.
        layers: those with an adapter, or above one.
    """
    h, f = config.hidden_size, config.intermediate_size
    k = h * config.num_key_value_heads // config.num_attention_heads
    return int((6 * h + 2 * k + 2 * f) * layers)


def working_numbers(config: Any) -> int:
    """What the widest layer holds for each token while its gradient is computed."""
    return int(6 * config.intermediate_size)


def gathered_numbers(config: Any, layers: int, rows: int, longest: int) -> int:
    """What it keeps besides where attention gathers queries, keys and values for every row, as on a GPU.

    Args:
        rows: of the pack.
        longest: tokens of its longest row, the shared prefix included.
    """
    return int(3 * config.hidden_size * rows * longest * layers)


def projection_bytes(config: Any, supervised: int) -> int:
    """Logits, their softmax and their gradient, for those supervised tokens that are computed at once, in bytes."""
    return int(3 * min(supervised, CHUNK) * config.vocab_size * FLOAT32)
