"""What a training step keeps in memory, by the widths of its matrices and the numbers that it is computed in."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from peft.tuners.lora import LoraLayer
from torch.nn import Dropout, Module

from shipworthy.models.adapters.fused import is_gated, is_named_norm, is_plain
from shipworthy.models.causal_lm.packed import CHUNK
from shipworthy.models.causal_lm.widths import Matrix, matrices
from shipworthy.models.precision import Precision

FLOAT32 = 4  # bytes: of logits, of a norm's own sums and of an adapter's inputs, whatever the weights are in
PEAK = 1.4
"""The peak over what the backward pass keeps: gradients on their way, and what the allocator holds (measured on
SmolLM2-135M, 255 to 2523 tokens: 1.2 to 1.44 of it and of `working_bytes`)."""


@dataclass(frozen=True)
class Keeping:
    """What the backward pass keeps for each token of a batch.

    It is what a block reads (its norm's input stands in the sum of what the blocks give back), what each matrix makes,
    and the input of the one that gives the width back: keys, values, products. A gated block as
    models/adapters/fused.py computes it makes that last one again. A state that goes from token to token keeps more.

    Attributes:
        precision: in which the step is computed.
        experts: how many a token meets.
    """

    precision: Precision
    experts: int = 1

    @property
    def each(self) -> int:
        """Bytes of a number of the results."""
        return int(self.precision.rounding.itemsize)

    @property
    def mixed(self) -> bool:
        """Whether weights are cast for products: then the sum of the blocks stays in 32 bits, and nothing is fused."""
        return self.precision.products is not None

    @property
    def stream(self) -> int:
        """Bytes of a number of what layers hand on."""
        return FLOAT32 if self.mixed else self.each

    def bytes(self, layer: Module) -> float:
        """Of a layer for each token (bytes); the layer has an adapter, or stands above one."""
        blocks: dict[str, list[Matrix]] = defaultdict(list)
        for matrix in self._own(layer):
            blocks[matrix.block].append(matrix)
        modules = dict(layer.named_modules())
        kept = sum(self._of_block(modules, name, block) for name, block in blocks.items())
        return kept + sum(self._of_norm(module) for module in modules.values() if _is_norm(module))

    def working_bytes(self, layers: Iterable[Module]) -> int:
        """What the widest layer holds for each token while its gradient is computed (bytes)."""
        return 6 * self.each * max((m.inputs for layer in layers for m in self._own(layer)), default=0)

    def cast_bytes(self, layer: Module) -> int:
        """A layer's weights as they are cast for products, which the backward pass reads (bytes)."""
        return self.each * sum(m.numbers for m in self._own(layer)) if self.mixed else 0

    def _own(self, layer: Module) -> list[Matrix]:
        return [matrix for matrix in matrices(layer, self.experts) if not matrix.update]

    def _of_block(self, modules: Mapping[str, Module], name: str, block: Sequence[Matrix]) -> float:
        inputs = [matrix.inputs for matrix in block]
        narrow, wide = min(inputs), max(inputs)
        numbers = sum(matrix.outputs for matrix in block) + narrow
        if self.mixed or not is_gated(modules[name]):
            numbers += wide
            if wide > narrow and sum(matrix.outputs == wide for matrix in block) > 1:
                numbers += wide  # a gate's activation beside its product
        if self.mixed:  # each matrix casts the block's input for itself
            numbers += max(0, sum(inputs) - narrow - wide)
        return self.each * numbers + sum(m.inputs * self._copies(modules.get(m.layer)) for m in block)

    def _copies(self, layer: Any) -> int:
        """What a layer's update, as PEFT computes it, keeps of each input: a copy in 32 bits, and what drops it out."""
        if not isinstance(layer, LoraLayer) or (is_plain(layer) and not self.mixed):
            return 0
        drops = isinstance(layer.lora_dropout["default"], Dropout)
        copy = not self.mixed and (drops or self.each < FLOAT32)
        return FLOAT32 * (copy + drops)

    def _of_norm(self, norm: Any) -> int:
        """What a norm keeps beside its input: that in 32 bits, and of a trained one the result without its weight."""
        weight = norm.weight
        fused = not self.mixed and is_named_norm(norm)
        trained = (FLOAT32 if self.mixed else self.each) if weight.requires_grad else 0
        return int(weight.numel()) * ((0 if fused else FLOAT32 - self.each) + trained)


def _is_norm(module: Any) -> bool:
    weight = getattr(module, "weight", None)
    return type(module).__name__.endswith("Norm") and weight is not None and weight.dim() == 1


def gathered_numbers(width: int, rows: int, longest: int) -> int:
    """What a layer keeps besides where it gathers queries, keys and values for every row (see `gathered.py`).

    Args:
        width: of the network.
        rows: of the pack.
        longest: tokens of its longest row, the shared prefix included.
    """
    return 3 * width * rows * longest


def projection_bytes(vocabulary: int, supervised: int) -> int:
    """Logits, their softmax and their gradient, for those supervised tokens that are computed at once, in bytes."""
    return 3 * min(supervised, CHUNK) * vocabulary * FLOAT32
