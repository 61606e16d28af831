"""A row as a conversation: its messages, the tools that were offered, and the turns that the assistant wrote.

A column of conversations holds JSON text, one list of messages per row (see chat_format.py). Text, because a table of
structs would fill the arguments of each call with the names of all others.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.causal_lm.chat_format import ASSISTANT, MalformedError, Message, read_messages, read_tools
from shipworthy.models.rows import texts

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

    def unweighted(self) -> "Conversation":
        """The same without weights, which a server does not know."""
        kept = [{key: value for key, value in message.items() if key != "weight"} for message in self.messages]
        return Conversation(kept, self.tools)

    def until(self, turn: int) -> "Conversation":
        """What stands before a message."""
        return Conversation(self.messages[:turn], self.tools)


def questions(task: TextToText, rows: pl.DataFrame) -> "list[Conversation]":
    """What a client sends for each row, of which the last message is not the assistant's.

    Args:
        rows: of a dataset; a column of conversations holds what precedes the answer.

    Raises:
        UsageError: a column is not there, or holds no conversation.
    """
    if not task.messages:
        return [Conversation(messages(task.system, user)) for user in texts(rows, task.prompt)]
    return [_sound(task, row) for row in columns(task, rows).iter_rows()]


def turn_id(row: str, number: int) -> str:
    """The id of the row that teaches one turn of a conversation (from 1)."""
    return f"{row}#{number}"


def last_turns(task: TextToText, train: pl.DataFrame) -> pl.DataFrame:
    """Of conversations that are taught turn by turn the rows of the last turn, which is what other splits ask for."""
    if task.turns != "all":
        return train
    row, number = (pl.col("id").str.extract(r"^(.*)#(\d+)$", group) for group in (1, 2))
    return train.filter(number.cast(pl.Int64) == number.cast(pl.Int64).max().over(row))


def columns(task: TextToText, rows: pl.DataFrame) -> pl.DataFrame:
    """The conversations and the tools (null without) of the rows, as text.

    Raises:
        UsageError: a column is not there, or is not text.
    """
    for name, key in ((task.messages, "messages"), (task.tools, "tools")):
        if name and name not in rows.columns:
            raise UsageError(f"task.{key}={name} is none of the columns {', '.join(rows.columns)}: correct it.")
        if name and rows.schema[name] != pl.String:
            raise UsageError(
                f"Column {name} (task.{key}) holds {rows.schema[name]}: give each row's list as JSON text, for in a "
                "table of structs each call of a tool gets the arguments of all others."
            )
    tools = pl.col(task.tools) if task.tools else pl.lit(None, pl.String).alias("tools")
    return rows.select(pl.col(task.messages).alias("messages"), tools.alias("tools"))


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


def dumps(conversation: Conversation) -> str:
    """The messages as a column holds them."""
    return json.dumps(conversation.messages, ensure_ascii=False)


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


def _sound(task: TextToText, row: tuple[str | None, ...]) -> Conversation:
    try:
        return parse(row[0], row[1], task.system)
    except MalformedError as error:
        raise UsageError(f"Column {task.messages} (task.messages) holds no conversation: {error}.") from error
