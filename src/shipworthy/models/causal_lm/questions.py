"""What a client sends for the rows of a dataset."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.chat_format import MalformedError
from shipworthy.models.causal_lm.conversation import Conversation, messages, parse
from shipworthy.models.rows import texts


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


def _sound(task: TextToText, row: tuple[str | None, ...]) -> Conversation:
    try:
        return parse(row[0], row[1], task.system)
    except MalformedError as error:
        raise UsageError(f"Column {task.messages} (task.messages) holds no conversation: {error}.") from error
