"""What operations and memory of a network follow from: the widths of its matrices, and how far its tokens see."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from peft.tuners.tuners_utils import BaseTunerLayer
from torch.nn import Conv1d, Embedding, Module, Parameter
from transformers import PreTrainedModel

from shipworthy.models.causal_lm.structure import LINEAR, features, layers

Named = tuple[str, Parameter]
Shaped = tuple[str, Sequence[int], Parameter]
"""A weight's name, its inputs and outputs, the weight."""


@dataclass(frozen=True)
class Matrix:
    """What each token is multiplied by.

    Attributes:
        layer: the linear layer's name; an update has that of the layer that it changes.
        inputs, outputs: widths; of experts, the outputs are those of all that a token meets.
        trained: whether its gradient is computed.
        update: whether it is an adapter's.
    """

    layer: str
    inputs: int
    outputs: int
    trained: bool
    update: bool

    @property
    def block(self) -> str:
        """The module that holds the layer, such as an attention."""
        return self.layer.rpartition(".")[0]

    @property
    def numbers(self) -> int:
        """That a token is multiplied by."""
        return self.inputs * self.outputs


def matrices(layer: Module, experts: int = 1) -> list[Matrix]:
    """The matrices of one of the network's layers, in the order in which the family's code makes them.

    What tables, convolutions and a state's recurrence take is not among them: little, or not a product.

    Args:
        experts: how many a token meets, where the weights of all stand in one tensor.
    """
    return list(_matrices(layer, experts))


def _matrices(layer: Module, experts: int) -> Iterator[Matrix]:
    tuned, inner = "", None
    for name, module in layer.named_modules():
        if isinstance(module, BaseTunerLayer):
            tuned, inner = name, module.get_base_layer()
        inside = bool(tuned) and name.startswith(f"{tuned}.")
        update = inside and module is not inner
        own = tuned if inside else name
        if isinstance(module, LINEAR):
            inputs, outputs = features(module)
            yield Matrix(own, inputs, outputs, module.weight.requires_grad, update)
            continue
        if isinstance(module, Embedding | Conv1d):
            continue
        weights = list(module.named_parameters(recurse=False))
        stacked = [(kind, weight) for kind, weight in weights if weight.dim() == 3]
        flat = [(kind, weight.shape[::-1], weight) for kind, weight in weights if weight.dim() == 2]
        for kind, (inputs, outputs), weight in _stacks(stacked) if stacked else flat:
            yield Matrix(f"{own}.{kind}", inputs, outputs * (experts if stacked else 1), weight.requires_grad, update)


def _stacks(weights: Sequence[Named]) -> Iterator[Shaped]:
    """Weights of experts, either way round: the first reads what the last gives."""
    first, last = weights[0][1].shape, weights[-1][1].shape
    transposed = first[1] == last[2] and first[2] != last[1]
    for kind, weight in weights:
        outputs, inputs = weight.shape[:0:-1] if transposed else weight.shape[1:]
        yield kind, (inputs, outputs), weight


def experts_met(base: PreTrainedModel) -> int:
    """How many experts compute a token."""
    return int(getattr(base.config.get_text_config(decoder=True), "num_experts_per_tok", None) or 1)


def reach(base: PreTrainedModel) -> list[float]:
    """How many tokens a token sees in each layer, itself included: all before it, a window's, or 0 (no attention)."""
    config = base.config.get_text_config(decoder=True)
    window = getattr(config, "sliding_window", None) or inf
    kinds = getattr(config, "layer_types", None) or ["sliding_attention"] * len(layers(base))
    limits = {
        "full_attention": inf,
        "sliding_attention": window,
        "chunked_attention": getattr(config, "attention_chunk_size", None) or inf,
    }
    return [limits.get(kind, 0) for kind in kinds]
