"""A row as a conversation: its messages, the tools that were offered, and the turns that the assistant wrote.

A column of conversations holds JSON text, one list of messages per row in Hugging Face's chat format: `role`,
`content`, and of tools `tool_calls` (with `function`: `name`, `arguments`), `tool_call_id`, `name`. Text, because a
table of structs would fill the arguments of each call with the names of all others.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.rows import texts

Message = dict[str, Any]
"""As in Hugging Face's chat format: role, content, and of tools tool_calls, tool_call_id, name."""
ASSISTANT = "assistant"
SYSTEM = ("system", "developer")
"""The roles that give instructions for the whole conversation."""


def messages(system: str, user: str, turns: list[Message] | None = None) -> list[Message]:
    """The conversation before the answer: system message (if any), earlier turns, the user's message."""
    first = [{"role": "system", "content": system}] if system else []
    return [*first, *(turns or []), {"role": "user", "content": user}]


class MalformedError(ValueError):
    """What stands in a row is no conversation; the text says why."""


@dataclass(frozen=True)
class Conversation:
    """Messages in their order.

    Attributes:
        tools: the functions that the assistant may call (None: none).
    """

    messages: list[Message]
    tools: list[Any] | None = None

    def turns(self) -> list[int]:
        """Where the assistant's messages stand."""
        return [i for i, message in enumerate(self.messages) if message["role"] == ASSISTANT]

    def require_answer(self) -> None:
        """Refuses a conversation in which the assistant has not the last word.

        Raises:
            MalformedError: it hasn't.
        """
        if self.messages[-1]["role"] != ASSISTANT:
            raise MalformedError("the last message is not the assistant's")

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
    found = [_message(number, message) for number, message in enumerate(_list(text, "messages"), 1)]
    if not found:
        raise MalformedError("the conversation has no message")
    if system and found[0]["role"] not in SYSTEM:
        found = [{"role": "system", "content": system}, *found]
    return Conversation(found, _list(tools, "tools") if tools else None)


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


def _list(text: str | None, what: str) -> list[Any]:
    try:
        found = json.loads(text or "null")
    except ValueError as error:
        raise MalformedError(f"{what} is not JSON ({error})") from error
    if not isinstance(found, list):
        raise MalformedError(f"{what} is not a list")
    return found


def _message(number: int, message: Any) -> Message:
    if not isinstance(message, Mapping) or not isinstance(message.get("role"), str):
        raise MalformedError(f"message {number} has no role")
    kept = {key: value for key, value in message.items() if value is not None}
    if not isinstance(calls := kept.get("tool_calls", []), list):
        raise MalformedError(f"message {number} has tool_calls that are no list")
    if calls:
        kept["tool_calls"] = [_call(number, call) for call in calls]
    if not isinstance(kept.get("content", "" if calls else None), str):
        raise MalformedError(f"message {number} ({kept['role']}) has no text as its content")
    return kept


def _call(number: int, call: Any) -> dict[str, Any]:
    function = call.get("function", call) if isinstance(call, Mapping) else {}
    arguments = function.get("arguments", {})
    if isinstance(arguments, str):
        # As OpenAI's interface has them; templates expect the object, and would quote a text a second time.
        try:
            arguments = json.loads(arguments)
        except ValueError:
            arguments = None
    if not isinstance(function.get("name"), str) or not isinstance(arguments, Mapping):
        raise MalformedError(f"message {number} calls a tool without a name, or with arguments that are no JSON object")
    rest = {key: value for key, value in call.items() if key not in ("function", "name", "arguments")}
    return {"type": "function", **rest, "function": {"name": function["name"], "arguments": dict(arguments)}}
