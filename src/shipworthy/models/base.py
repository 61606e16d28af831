"""What a family has before it is trained: base weights, and the tokenizer and template that come with them."""

from typing import TYPE_CHECKING

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.lazy import Lazy

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.chat import Chat

BASE = "base weights"
WEIGHTS, BASES, CHATS = Lazy("{model}.weights"), Lazy("{model}.base"), Lazy("{model}.chat")


def fetch(config: ModelConfig) -> None:
    """Downloads the base weights of a family that has some."""
    if WEIGHTS.name(config):
        WEIGHTS.load(config).fetch(config)


def inputs(config: ModelConfig) -> dict[str, str]:
    """What a command depends on that reads the model's base: `base weights` → their digest; nothing without a base.

    Raises:
        ArtifactError: they were not fetched.
    """
    return {BASE: BASES.load(config).digest(config)} if BASES.name(config) else {}


def chat(config: ModelConfig) -> "Chat | None":
    """The tokenizer and template of a family that is asked in words; its weights must have been fetched.

    None for a family that reads the words themselves.

    Raises:
        UsageError: the family reads no text.
    """
    if config.reads_words:
        return None
    if not CHATS.name(config):
        raise UsageError(f"model '{config.kind}' reads no text: choose a language model, or a task with classes.")
    talk: Chat = CHATS.load(config).Chat(BASES.load(config).base_folder(config))
    return talk
