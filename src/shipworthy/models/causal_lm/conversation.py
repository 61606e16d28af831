"""A row as a conversation: its messages, the tools that were offered, and the turns that the assistant wrote.

A column of conversations holds JSON text, one list of messages per row (see chat_format.py). Text, because a table of
structs would fill the arguments of each call with the names of all others. It needs Python alone: packages carry this
file.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from shipworthy.models.causal_lm.chat_format import ASSISTANT, MalformedError, Message, read_messages, read_tools

SYSTEM = ("system", "developer")
"""The roles that give instructions for the whole conversation."""


def messages(system: str, user: str, turns: list[Message] | None = None) -> list[Message]:
    """The conversation before the answer: system message (if any), earlier turns, the user's message."""
    first = [{"role": "system", "content": system}] if system else []
    return [*first, *(turns or []), {"role": "user", "content": user}]


@dataclass(frozen=True)
class Conversation:
    """Messages in their order.

    Attributes:
        tools: the functions that the assistant may call (None: none).
    """

    messages: list[Message]
    tools: list[Any] | None = None

    def turns(self) -> list[int]:
        """Where the messages of the assistant stand that are taught: all but those of weight 0."""
        return [
            i
            for i, message in enumerate(self.messages)
            if message["role"] == ASSISTANT and message.get("weight", 1) != 0
        ]

    def answered(self) -> "Conversation":
        """The conversation up to the last turn that is taught; what follows it has weight 0 and teaches nothing.

        Raises:
            MalformedError: the assistant has not the last word, or no turn is taught.
        """
        if self.messages[-1]["role"] != ASSISTANT:
            raise MalformedError("the last message is not the assistant's")
        if not (turns := self.turns()):
            raise MalformedError("every message of the assistant has weight 0, so that none is taught")
        return self.until(turns[-1] + 1)

    def asked(self) -> "Conversation":
        """What a client sends: all of it, or, where the assistant has spoken last, what precedes its last taught turn.

        Raises:
            MalformedError: nothing is left to ask, or no turn of the assistant is taught.
        """
        if self.messages[-1]["role"] != ASSISTANT:
            return self.unweighted()
        before = self.answered().messages[:-1]
        if not before:
            raise MalformedError("nothing comes before the assistant's message")
        return Conversation(before, self.tools).unweighted()

    @property
    def request(self) -> dict[str, Any]:
        """The body of a chat completion: messages, and tools where there are some."""
        return {"messages": self.messages} | ({"tools": self.tools} if self.tools else {})

    def unweighted(self) -> "Conversation":
        """The same without weights, which a server does not know."""
        kept = [{key: value for key, value in message.items() if key != "weight"} for message in self.messages]
        return Conversation(kept, self.tools)

    def until(self, turn: int) -> "Conversation":
        """What stands before a message."""
        return Conversation(self.messages[:turn], self.tools)


def turn_id(row: str, number: int) -> str:
    """The id of the row that teaches one turn of a conversation (from 1)."""
    return f"{row}#{number}"


def is_next_turn(one: str, other: str) -> bool:
    """Whether two rows, by their ids, teach turns of the same conversation, the second row a later one."""
    (row, _, number), (same, _, later) = one.rpartition("#"), other.rpartition("#")
    return row == same and number.isdecimal() and later.isdecimal() and int(number) < int(later)


def parse(text: str | None, tools: str | None, system: str = "") -> Conversation:
    """A row's conversation.

    Args:
        text: JSON, a list of messages.
        tools: JSON, a list of functions (None or empty: none).
        system: the system message for a conversation that has none (empty: it stays without).

    Raises:
        MalformedError: it is not that.
    """
    found = read_messages(text)
    if system and found[0]["role"] not in SYSTEM:
        found = [{"role": "system", "content": system}, *found]
    return Conversation(found, read_tools(tools))


def dumps(messages: Sequence[Message]) -> str:
    """Messages as a column holds them."""
    return json.dumps(messages, ensure_ascii=False)


def written(conversation: Conversation) -> list[str]:
    """Every text that people or programs wrote into it; what is no text, as JSON."""
    values = [value for message in conversation.messages for key, value in message.items() if key != "role"]
    values += conversation.tools or []
    return [value if isinstance(value, str) else json.dumps(value, ensure_ascii=False) for value in values]


def said(messages: Sequence[Message]) -> str:
    """What messages say, line by line, and the calls that they make; without ids, which differ for the same words."""
    lines = []
    for message in messages:
        lines += [message["content"]] if isinstance(message.get("content"), str) else []
        lines += [json.dumps(call["function"], ensure_ascii=False) for call in message.get("tool_calls") or []]
    return "\n".join(lines)


def called(messages: Sequence[Message]) -> list[str]:
    """The names of the functions that messages call."""
    return [call["function"]["name"] for message in messages for call in message.get("tool_calls") or []]


def control_pattern(tokens: Iterable[str]) -> "re.Pattern[str]":
    """A pattern of texts of which each is a control token."""
    longest_first = sorted(filter(None, tokens), key=lambda text: (-len(text), text))
    return re.compile("|".join(map(re.escape, longest_first)) or "(?!)")


def control_token(conversation: Conversation, controls: "re.Pattern[str]") -> str | None:
    """Why a conversation must not be rendered: a text in it would end a turn or begin another (None: none does)."""
    for text in written(conversation):
        if found := controls.search(text):
            return f"the text holds '{found[0]}', which the model reads as a mark of the chat template"
    return None


def with_texts(messages: Sequence[Message], by: Callable[[str], str]) -> list[Message]:
    """The messages with `by` applied to contents and to strings in arguments of calls; not to roles, names or ids."""
    return [
        message
        | ({"content": by(message["content"])} if isinstance(message.get("content"), str) else {})
        | ({"tool_calls": [_call(call, by) for call in message["tool_calls"]]} if message.get("tool_calls") else {})
        for message in messages
    ]


def _call(call: dict[str, Any], by: Callable[[str], str]) -> dict[str, Any]:
    function = call["function"]
    return call | {"function": function | {"arguments": _replaced_in(function["arguments"], by)}}


def _replaced_in(value: Any, by: Callable[[str], str]) -> Any:
    match value:
        case str():
            return by(value)
        case list():
            return [_replaced_in(one, by) for one in value]
        case dict():
            return {key: _replaced_in(one, by) for key, one in value.items()}
        case _:
            return value
