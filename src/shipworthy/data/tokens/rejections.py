"""Checks of one row's text and tokens; each gives the reason for which the row is rejected, or None."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.data.tokens import template_checks
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.chat_format import ASSISTANT
from shipworthy.models.causal_lm.conversation import Conversation, called, control_token

IGNORED = -100
"""Label of a token that the loss ignores (torch's cross entropy has the same default)."""


@dataclass(frozen=True)
class Rejection:
    """Why a row is rejected.

    Attributes:
        reason: the name under which it is counted.
        detail: what is wrong with this row.
    """

    reason: str
    detail: str


def check_control_tokens(conversation: Conversation, controls: "re.Pattern[str]") -> Rejection | None:
    """Rejects text that holds a control token, which would end a turn or begin another."""
    why = control_token(conversation, controls)
    return Rejection("control token in text", why) if why else None


def check_empty(conversation: Conversation, turns: Sequence[int]) -> Rejection | None:
    """Rejects a conversation with a taught turn that neither says nor calls anything: it teaches to stop at once.

    Args:
        turns: numbers of the messages that are taught, from 0.
    """
    for turn in turns:
        message = conversation.messages[turn]
        if not message.get("tool_calls") and not message["content"].strip():
            number = sum(one["role"] == ASSISTANT for one in conversation.messages[: turn + 1])
            return Rejection(
                "empty", f"the assistant says nothing in its turn {number}: take it out, or give it the weight 0"
            )
    return None


def check_tools(conversation: Conversation, chat: Chat) -> Rejection | None:
    """Rejects conversations of which the template omits tools or calls."""
    names = called(conversation.messages)
    names += [str(tool.get("function", tool).get("name")) for tool in conversation.tools or []]
    if not names:
        return None
    text = chat.render(conversation.messages, answering=False, tools=conversation.tools)
    missing = [name for name in names if name not in text]
    if not missing:
        return None
    return Rejection(
        "tools dropped",
        f"the chat template writes nothing of the tool '{missing[0]}': choose one that knows tools, such as "
        "model.template=qwen",
    )


def check_labels(ids: Sequence[int], labels: Sequence[int], chat: Chat) -> Rejection | None:
    """Rejects labels without an answer or without eos.

    Args:
        ids: all tokens of a row.
        labels: for each the token itself, or `IGNORED`.
    """
    learned = [label for label in labels if label != IGNORED]
    if not learned:
        return Rejection("nothing to learn", f"none of its {len(ids)} tokens is trained on")
    if chat.eos_id not in learned:
        last = max(i for i, label in enumerate(labels) if label != IGNORED)
        if chat.tokenizer.pad_token_id == chat.eos_id and chat.eos_id in ids[last + 1 :]:
            return Rejection(
                "pad is eos",
                f"the labels leave out eos '{chat.tokenizer.eos_token}', which is the padding token too: mask padding "
                "by position, or give the tokenizer another pad_token",
            )
        return Rejection(
            "no eos", f"the labels do not hold eos '{chat.tokenizer.eos_token}': the model would never stop"
        )
    return None


def check_bos(ids: Sequence[int], chat: Chat) -> Rejection | None:
    """Rejects prompts that begin with two BOS."""
    return (
        Rejection("two BOS", template_checks.two_bos_message(chat))
        if template_checks.starts_with_two_bos(ids, chat)
        else None
    )


def check_length(prompt: int, answer: int, max_length: int) -> Rejection | None:
    """Rejects rows longer than `max_length` tokens; truncating them would cut the answer."""
    if prompt + answer <= max_length:
        return None
    left = max(0, max_length - prompt)
    return Rejection(
        "too long",
        f"{prompt} tokens of prompt and {answer} of answer, of which task.max_length={max_length} would leave {left} "
        "to train on",
    )


def check_answer(answer: str, ids: list[int], chat: Chat) -> Rejection | None:
    """Rejects answers that differ from their decoded tokens: the model could never give them."""
    back = chat.decode(ids).strip()
    return (
        None if back == answer.strip() else Rejection("answer not reproducible", f"the answer's tokens read '{back}'")
    )
