"""Where the memory of a training step goes (megabytes, 10^6 bytes)."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from peft import PeftModel

from shipworthy.models.causal_lm.generate import shared_prefix
from shipworthy.models.causal_lm.memory import PEAK, gathered_numbers, kept_numbers, projection_bytes, working_numbers
from shipworthy.models.causal_lm.packed import Row

MB = 1e6
MOMENTS = 2  # that AdamW keeps of each trained weight


@dataclass(frozen=True)
class Parts:
    """Megabytes of one step.

    Attributes:
        weights: of the network and its adapter, already there.
        gradients: of the trained weights, their sum and the part that is being added.
        optimizer: its states; as they are, or as the first step will make them.
        activations: what the forward pass leaves for the backward pass, at its peak.
        vocabulary: logits, their softmax and gradient.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float
    vocabulary: float

    @property
    def step(self) -> float:
        """What a step takes beside weights and optimizer."""
        return self.gradients + self.activations + self.vocabulary

    @property
    def total(self) -> float:
        """All of it."""
        return self.weights + self.optimizer + self.step

    def __str__(self) -> str:
        named = {**asdict(self), "vocabulary projection": self.vocabulary, "optimizer states": self.optimizer}
        order = ("weights", "gradients", "optimizer states", "activations", "vocabulary projection")
        return ", ".join(f"{name} {named[name]:,.0f} MB" for name in order)


def parts(
    network: PeftModel, rows: Sequence[Row], optimizer: torch.optim.Optimizer | None = None, workers: int = 1
) -> Parts:
    """The parts of a step over packs of these rows, from shapes alone: nothing is computed.

    Args:
        rows: of one micro-batch, the largest.
        optimizer: its states are counted if it has any yet.
        workers: micro-batches that are computed side by side.
    """
    parameters = list(network.parameters())
    trained = [p for p in parameters if p.requires_grad]
    trained_mb = sum(map(_bytes, trained)) / MB
    states = [v for s in optimizer.state.values() for v in s.values() if torch.is_tensor(v)] if optimizer else []
    base = network.get_base_model()
    config: Any = base.config
    tokens, supervised = pack_tokens(rows)
    layers = adapted_layers(network)
    kept = tokens * kept_numbers(config, layers)
    if base.device.type != "cpu":
        kept += gathered_numbers(config, layers, len(rows), max(map(len, rows)))
    return Parts(
        weights=sum(map(_bytes, parameters)) / MB,
        gradients=(1 + workers) * trained_mb,
        optimizer=sum(map(_bytes, states)) / MB if states else MOMENTS * trained_mb,
        activations=workers * (PEAK * kept + tokens * working_numbers(config)) * base.dtype.itemsize / MB,
        vocabulary=workers * projection_bytes(config, supervised) / MB,
    )


def pack_tokens(rows: Sequence[Row]) -> tuple[int, int]:
    """Tokens of a pack of these rows, the shared prefix counted once; and the supervised ones among them."""
    prefix = shared_prefix([row.prompt for row in rows])
    return prefix + sum(len(row) - prefix - 1 for row in rows), sum(len(row.answer) for row in rows)


def adapted_layers(network: PeftModel) -> int:
    """Layers that keep something for the backward pass: from the lowest trained one upwards."""
    layers = network.get_base_model().model.layers
    trained = [i for i, layer in enumerate(layers) if any(p.requires_grad for p in layer.parameters())]
    return len(layers) - min(trained, default=len(layers))


def _bytes(tensor: torch.Tensor) -> int:
    return int(tensor.numel() * tensor.element_size())
