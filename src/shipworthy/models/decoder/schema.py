"""A decoder of our own, trained from scratch: a Llama of any size with drawn weights and another model's tokenizer."""

from dataclasses import dataclass, field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import schema
from shipworthy.models.causal_lm.schema import CausalLM, Shape


@dataclass
class DecoderShape(Shape):
    """How large the network is, and how its weights are drawn.

    Attributes:
        hidden_size: width of what passes from layer to layer.
        intermediate_size: width of a layer's feed-forward block.
        layers: transformer blocks.
        heads: attention heads; each is `hidden_size / heads` wide.
        kv_heads: heads of keys and values, each for a group of the others (1: multi-query, `heads`: multi-head).
        context: the longest text (tokens).
        tie: the vocabulary projection is the embedding, transposed (fewer weights; usual for small models).
        std: standard deviation of the drawn weights; what each layer adds to its input begins smaller, by the root of
            twice the layers (Radford et al. 2019).
        rope_base: of the rotary positions; larger for longer contexts.
        norm_eps: added to the mean square under the root of a norm.
        seed: by which the weights are drawn; another one is another model.
    """

    hidden_size: int = 768
    intermediate_size: int = 2048
    layers: int = 14
    heads: int = 12
    kv_heads: int = 4
    context: int = 2048
    tie: bool = True
    std: float = 0.02
    rope_base: float = 10000.0
    norm_eps: float = 1e-5
    seed: int = 0

    def __post_init__(self) -> None:
        for name in ("hidden_size", "intermediate_size", "layers", "heads", "kv_heads", "context"):
            if (value := getattr(self, name)) < 1:
                raise UsageError(f"model.shape.{name}={value} must be 1 or more.")
        for name in ("std", "rope_base", "norm_eps"):
            if (value := getattr(self, name)) <= 0:
                raise UsageError(f"model.shape.{name}={value} must be above 0.")
        if self.seed < 0:
            raise UsageError(f"model.shape.seed={self.seed} is negative: choose a whole number from 0.")
        if self.hidden_size % (2 * self.heads):
            raise UsageError(
                f"model.shape.hidden_size={self.hidden_size} must be an even multiple of model.shape.heads="
                f"{self.heads}, for rotary positions turn a head's numbers in pairs."
            )

    @property
    def head_size(self) -> int:
        """Width of an attention head."""
        return self.hidden_size // self.heads


@schema("model", "decoder")
class Decoder(CausalLM):
    """A causal language model with drawn weights, to be trained from scratch; else what a `causal_lm` is.

    Attributes:
        source: of the tokenizer; of its weights, if it has some, nothing is taken.
        shape: how large the network is, and how its weights are drawn.
    """

    provides: ClassVar[tuple[str, ...]] = ("causal_lm",)

    shape: DecoderShape = field(default_factory=DecoderShape)
