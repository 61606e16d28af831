"""Which weights of a network are trained: the `adapter` group."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import AdapterConfig
from shipworthy.core.schema import schema


@schema("adapter", "lora")
class Lora(AdapterConfig):
    """Low-rank updates of linear layers (Hu et al. 2021).

    Attributes:
        rank: of each update.
        alpha: updates are scaled by alpha / rank.
        rslora: they are scaled by alpha / root of rank instead, so that a higher rank learns no slower (Kalajdzievski
            2023).
        dora: each update has a magnitude of its own beside its direction (Liu et al. 2024); slower.
        dropout: share of the update's inputs that is zeroed in training (0 to 1).
        targets: names of the linear layers; `all-linear` stands for all but the vocabulary projection.
        whole: names of modules that are trained whole beside the updates, such as `embed_tokens` or `norm`.
        first_layer: layers below this one stay as they are, and no gradient is computed for them.
    """

    rank: int = 16
    alpha: int = 32
    rslora: bool = False
    dora: bool = False
    dropout: float = 0.0
    targets: list[str] = field(default_factory=lambda: ["all-linear"])
    whole: list[str] = field(default_factory=list)
    first_layer: int = 0

    def __post_init__(self) -> None:
        if self.rank <= 0 or self.alpha <= 0:
            raise UsageError(f"adapter.rank={self.rank} and adapter.alpha={self.alpha} must be above 0.")
        if not 0 <= self.dropout < 1:
            raise UsageError(f"adapter.dropout={self.dropout} must be from 0 to below 1.")
        if not self.targets:
            raise UsageError("adapter.targets is empty, so nothing would be trained: name layers, or 'all-linear'.")


@schema("adapter", "qlora")
class QLora(Lora):
    """The same on a network whose linear layers are kept in 4 bits (NF4; Dettmers et al. 2023), by bitsandbytes.

    They take a fourth of the memory of 16 bits, and are brought back for each product, which takes time; much on a CPU.
    What is evaluated, and handed on, are the weights in 4 bits with the updates: what was trained.

    Attributes:
        double_quantization: the scales of the blocks are quantized as well: 4.13 bits for a weight instead of 4.5.
    """

    double_quantization: bool = True


@schema("adapter", "prompt")
class PromptTuning(AdapterConfig):
    """Virtual tokens before every row: their embeddings are trained, nothing else (Lester et al. 2021).

    They can't be merged into the weights, and so not be written as a GGUF file.

    Attributes:
        tokens: how many.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",)}

    tokens: int = 20

    def __post_init__(self) -> None:
        if self.tokens < 1:
            raise UsageError(f"adapter.tokens={self.tokens} must be 1 or more.")


@schema("adapter", "prefix")
class PrefixTuning(PromptTuning):
    """The same, but of each virtual token the keys and values in each layer are trained (Li and Liang 2021).

    Rows are computed side by side, not in packs. Activations can't be computed again.
    """


@schema("adapter", "none")
class NoAdapter(AdapterConfig):
    """Nothing is added to the model: a network's own weights are trained (full fine-tuning).

    Attributes:
        first_layer: layers below this one stay as they are.
        embeddings: whether the token embeddings, and a vocabulary projection that is tied to them, are trained.
    """

    first_layer: int = 0
    embeddings: bool = True
