"""What is wrong with one row's words or tokens: each fault has a name, by which it is counted, and a detail."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.data.tokens import refusals
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.conversation import Conversation, called, written

IGNORED = -100
"""The label of a token that is read, not learned (as in torch's cross entropy)."""
MARKER = re.compile(r"<\|[^|\s]+\|>|\[/?[A-Z_]+\]|<</?[A-Z]+>>")
"""What templates write as marks of their own without a token of its own: <|user|>, [INST], <<SYS>>."""


@dataclass(frozen=True)
class Fault:
    """Why a row cannot be learned from.

    Attributes:
        reason: the name under which it is counted.
        detail: what is wrong with this row.
    """

    reason: str
    detail: str


def control_tokens(chat: Chat) -> "re.Pattern[str]":
    """What only the template may write: special tokens, and added tokens and marks that stand in the template."""
    added = chat.tokenizer.added_tokens_decoder.values()
    found = {str(token) for token in added if token.special or str(token) in chat.template}
    found |= set(chat.tokenizer.all_special_tokens) | set(MARKER.findall(chat.template))
    longest_first = sorted(filter(None, found), key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def injected(conversation: Conversation, controls: "re.Pattern[str]") -> Fault | None:
    """A control token inside what people wrote: it would end their turn, or begin another's."""
    for text in written(conversation):
        if found := controls.search(text):
            return Fault(
                "control token in text",
                f"the text holds '{found[0]}', which the model reads as a mark of the chat template",
            )
    return None


def of_tools(conversation: Conversation, chat: Chat) -> Fault | None:
    """Tools or their calls that the template leaves out."""
    names = called(conversation.messages)
    names += [str(tool.get("function", tool).get("name")) for tool in conversation.tools or []]
    if not names:
        return None
    text = chat.render(conversation.messages, answering=False, tools=conversation.tools)
    missing = [name for name in names if name not in text]
    if not missing:
        return None
    return Fault("tools dropped", f"the chat template writes nothing of the tool '{missing[0]}'")


def of_labels(ids: Sequence[int], labels: Sequence[int], chat: Chat) -> Fault | None:
    """Labels from which the model would not learn to answer and to stop.

    Args:
        ids: all tokens of a row.
        labels: for each the token itself, or `IGNORED`.
    """
    learned = [label for label in labels if label != IGNORED]
    if not learned:
        return Fault("nothing to learn", f"none of its {len(ids)} tokens is trained on")
    if chat.eos_id not in learned:
        last = max(i for i, label in enumerate(labels) if label != IGNORED)
        if chat.tokenizer.pad_token_id == chat.eos_id and chat.eos_id in ids[last + 1 :]:
            return Fault(
                "pad is eos",
                f"the labels leave out eos '{chat.tokenizer.eos_token}', which is the padding token too: mask padding "
                "by position, or give the tokenizer another pad_token",
            )
        return Fault("no eos", f"the labels do not hold eos '{chat.tokenizer.eos_token}': the model would never stop")
    return None


def of_bos(ids: Sequence[int], chat: Chat) -> Fault | None:
    """Two BOS."""
    return Fault("two BOS", refusals.two_bos(chat)) if refusals.twice(ids, chat) else None


def of_length(prompt: int, answer: int, max_length: int) -> Fault | None:
    """A row longer than `max_length` tokens: it is not cut, for that would eat the answer."""
    if prompt + answer <= max_length:
        return None
    left = max(0, max_length - prompt)
    return Fault(
        "too long",
        f"{prompt} tokens of prompt and {answer} of answer, of which task.max_length={max_length} would leave {left} "
        "to train on",
    )


def of_answer(answer: str, ids: list[int], chat: Chat) -> Fault | None:
    """An answer that its tokens do not give back, or that ends too early: the model could never be right."""
    back = chat.decode(ids).strip()
    return None if back == answer.strip() else Fault("unspeakable", f"the answer's tokens read '{back}'")
