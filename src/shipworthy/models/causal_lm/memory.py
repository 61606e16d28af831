"""What a training step keeps in memory, by the widths of its matrices."""

from collections import defaultdict
from collections.abc import Sequence

from torch.nn import Module

from shipworthy.models.adapters.fused import is_gated
from shipworthy.models.causal_lm.packed import CHUNK
from shipworthy.models.causal_lm.widths import Matrix, matrices

FLOAT32 = 4  # bytes: of logits, whatever the weights are in
PEAK = 1.4
"""The peak over what the backward pass keeps: gradients on their way, and what the allocator holds (measured on
SmolLM2-135M, 255 to 2523 tokens: 1.2 to 1.44 of it and of `working_numbers`)."""


def kept_numbers(layers: Sequence[Module], experts: int = 1) -> int:
    """What the backward pass keeps for each token of a batch.

    It is what a block reads (its norm's input stands in the sum of what the blocks give back), what each matrix makes,
    and the input of the one that gives the width back: keys, values, products. A gated block as
    models/adapters/fused.py computes it makes that last one again. A layer with dropout keeps more, and so does a
    state that goes from token to token.

    Args:
        layers: those with an adapter, or above one.
        experts: how many a token meets.
    """
    return sum(_kept_in(layer, matrices(layer, experts)) for layer in layers)


def _kept_in(layer: Module, found: Sequence[Matrix]) -> int:
    blocks: dict[str, list[Matrix]] = defaultdict(list)
    for matrix in found:
        if not matrix.update:
            blocks[matrix.block].append(matrix)
    kept = sum(matrix.outputs for block in blocks.values() for matrix in block)
    for name, block in blocks.items():
        inputs = [matrix.inputs for matrix in block]
        kept += min(inputs) + (0 if is_gated(layer.get_submodule(name)) else max(inputs))
    return kept


def working_numbers(layers: Sequence[Module]) -> int:
    """What the widest layer holds for each token while its gradient is computed."""
    return 6 * max((m.inputs for layer in layers for m in matrices(layer) if not m.update), default=0)


def gathered_numbers(width: int, layers: int, rows: int, longest: int) -> int:
    """What it keeps besides where attention gathers queries, keys and values for every row (see `gathered.py`).

    Args:
        width: of the network.
        layers: that do.
        rows: of the pack.
        longest: tokens of its longest row, the shared prefix included.
    """
    return 3 * width * rows * longest * layers


def projection_bytes(vocabulary: int, supervised: int) -> int:
    """Logits, their softmax and their gradient, for those supervised tokens that are computed at once, in bytes."""
    return 3 * min(supervised, CHUNK) * vocabulary * FLOAT32
