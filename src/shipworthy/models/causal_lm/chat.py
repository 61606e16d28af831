"""From messages to token ids and back, by the model's own chat template."""

import hashlib
from functools import cached_property
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedTokenizerBase

from shipworthy.core.errors import ShipworthyError

Message = dict[str, str]


def messages(system: str, user: str, turns: list[Message] | None = None) -> list[Message]:
    """The conversation before the answer: system message (if any), earlier turns, the user's message."""
    first = [{"role": "system", "content": system}] if system else []
    return [*first, *(turns or []), {"role": "user", "content": user}]


class Chat:
    """A tokenizer with its chat template.

    Args:
        folder: a Hugging Face folder with the tokenizer's files.

    Raises:
        ShipworthyError: the tokenizer has no chat template, or its template does not end an answer with eos.
    """

    def __init__(self, folder: Path) -> None:
        self.tokenizer: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(str(folder))
        if not self.tokenizer.chat_template:
            raise ShipworthyError(
                f"The tokenizer in {folder} has no chat template: choose a model that was made to chat."
            )
        self.template = str(self.tokenizer.chat_template)
        self.eos_id = int(self.tokenizer.eos_token_id)

    @cached_property
    def template_sha256(self) -> str:
        """The hash of the template's text; it travels with the model."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    def render(self, conversation: list[Message], answering: bool) -> str:
        """The template's text; `answering` adds the opening of the assistant's turn."""
        text = self.tokenizer.apply_chat_template(conversation, tokenize=False, add_generation_prompt=answering)
        return str(text)

    def encode(self, text: str) -> list[int]:
        """Token ids of a rendered text; nothing is added, for the template has written the special tokens."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def prompt_ids(self, system: str, user: str, turns: list[Message] | None = None) -> list[int]:
        """The ids that a model answers to, ending where the answer begins."""
        return self.encode(self.render(messages(system, user, turns), answering=True))

    def answer_ids(self, answer: str) -> list[int]:
        """The ids that a model learns to write: the answer and the token that ends it.

        Raises:
            ShipworthyError: the template rewrites what stands before the answer, or writes no eos after it.
        """
        before = messages("", "?")
        prompt = self.render(before, answering=True)
        whole = self.render([*before, {"role": "assistant", "content": answer}], answering=False)
        if not whole.startswith(prompt + answer):
            raise ShipworthyError(
                "The chat template rewrites the conversation when the answer is added: choose another."
            )
        ids = self.encode(whole)[len(self.encode(prompt)) :]
        if self.eos_id not in ids:
            raise ShipworthyError(
                "The chat template writes no end-of-turn token after the answer: the model would never stop."
            )
        return ids[: ids.index(self.eos_id) + 1]

    def decode(self, ids: list[int]) -> str:
        """Text without special tokens."""
        return str(self.tokenizer.decode(ids, skip_special_tokens=True))
