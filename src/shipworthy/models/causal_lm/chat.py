"""From messages to token ids and back, by the chat template of the model's tokenizer."""

import hashlib
import re
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from shipworthy.core.errors import ShipworthyError
from shipworthy.models.causal_lm.chat_format import Message
from shipworthy.models.causal_lm.conversation import messages

REFUSALS = (TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)
"""What a template raises for a conversation that it does not expect: its own words, or an error of its code."""
MARKER = re.compile(r"<\|[^|\s]+\|>|\[/?[A-Z_]+\]|<</?[A-Z]+>>")
"""Marks of chat templates that are no special tokens: <|user|>, [INST], <<SYS>>."""


class Chat:
    """A tokenizer with its chat template.

    Args:
        folder: a Hugging Face folder with the tokenizer's files.

    Raises:
        ShipworthyError: the tokenizer has no chat template, or no token that ends a text.
    """

    def __init__(self, folder: Path) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(folder))
        if not self.tokenizer.chat_template:
            raise ShipworthyError(
                f"The tokenizer in {folder} has no chat template: choose a model that was made to chat, or set "
                "model.template."
            )
        if self.tokenizer.eos_token_id is None:
            raise ShipworthyError(f"The tokenizer in {folder} names no eos token: a model could never stop.")
        self.template = str(self.tokenizer.chat_template)
        self.eos_id = int(self.tokenizer.eos_token_id)

    @cached_property
    def template_sha256(self) -> str:
        """The hash of the template's text; it travels with the model."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @cached_property
    def control_tokens(self) -> list[str]:
        """The texts that only the template may write: special tokens, added tokens, marks of the template; sorted."""
        added = self.tokenizer.added_tokens_decoder.values()
        found = {str(token) for token in added if token.special or str(token) in self.template}
        found |= set(self.tokenizer.all_special_tokens) | set(MARKER.findall(self.template))
        return sorted(filter(None, found))

    def render(self, conversation: Sequence[Message], answering: bool, tools: list[Any] | None = None) -> str:
        """The template's text; `answering` adds the opening of the assistant's turn.

        Args:
            tools: definitions of functions, as in Hugging Face's chat format (None: there are none).

        Raises:
            ShipworthyError: the template refuses the conversation; what it says is in the message.
        """
        try:
            return str(
                self.tokenizer.apply_chat_template(
                    list(conversation), tools=tools, tokenize=False, add_generation_prompt=answering
                )
            )
        except REFUSALS as error:
            raise _refused(error) from error

    def ids(
        self, conversations: Sequence[Sequence[Message]], answering: bool, tools: list[Any] | None = None
    ) -> list[list[int]]:
        """What the tokenizer's own `apply_chat_template` makes of each conversation, as at inference.

        Raises:
            ShipworthyError: the template refuses one of them.
        """
        if not conversations:
            return []
        try:
            found = self.tokenizer.apply_chat_template(
                [list(conversation) for conversation in conversations],
                tools=tools,
                tokenize=True,
                add_generation_prompt=answering,
                return_dict=False,
            )
        except REFUSALS as error:
            raise _refused(error) from error
        return [list(row) for row in found]

    def encode(self, text: str) -> list[int]:
        """Token ids of a rendered text; nothing is added, for the template has written the special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompt_ids(self, system: str, user: str, turns: list[Message] | None = None) -> list[int]:
        """The ids that a model answers to, ending where the answer begins."""
        return self.encode(self.render(messages(system, user, turns), answering=True))

    def answer_ids(self, answer: str) -> list[int]:
        """The ids that a model learns to write: the answer and the token that ends it.

        Raises:
            ShipworthyError: the template rewrites what comes before the answer, or writes no eos after it.
        """
        before = messages("", "?")
        prompt = self.render(before, answering=True)
        whole = self.render([*before, {"role": "assistant", "content": answer}], answering=False)
        if not whole.startswith(prompt):
            raise ShipworthyError(
                "The chat template rewrites the conversation when the answer is added: choose another (model.template)."
            )
        return self.until_eos(self.encode(whole)[len(self.encode(prompt)) :])

    def until_eos(self, ids: list[int]) -> list[int]:
        """An answer's ids up to the token that ends it.

        Raises:
            ShipworthyError: the template writes none.
        """
        if self.eos_id not in ids:
            raise ShipworthyError(
                f"The chat template does not end an answer with the tokenizer's eos token "
                f"'{self.tokenizer.eos_token}': the labels would hold none, and the model would never stop; choose "
                "the template that the model was made with (model.template)."
            )
        return ids[: ids.index(self.eos_id) + 1]

    def decode(self, ids: list[int]) -> str:
        """Text without special tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))


def _refused(error: Exception) -> ShipworthyError:
    said = error.message if isinstance(error, TemplateError) else f"{type(error).__name__}: {error}"
    return ShipworthyError(
        f"The chat template refuses the conversation: {said}; change the rows, or choose another template "
        "(model.template)."
    )
