"""Rows of conversations: each message is cleaned, and the columns `asked` and `answer` are made of the messages."""

from functools import partial
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.parallel import Mapper
from shipworthy.data.clean.messages import clean
from shipworthy.data.kinds.schema import Conversations
from shipworthy.data.kinds.text import reject_and_cluster
from shipworthy.data.row_store import RowStore
from shipworthy.models.causal_lm.chat_format import MalformedError
from shipworthy.models.causal_lm.conversation import SYSTEM, dumps, parse, said

WHY = "_malformed"


def select(config: Conversations) -> tuple[list[pl.Expr], list[str]]:
    """The columns of a row (conversation, tools, context, columns of the split), and the source columns they need.

    Raises:
        UsageError: a source column is named like one that is made.
    """
    wanted = list(dict.fromkeys([config.messages, *([config.tools] if config.tools else []), *config.context]))
    split_only = [name for name in config.split.columns if name not in (*wanted, *config.made)]
    if taken := [name for name in (*wanted, *split_only) if name in config.made]:
        raise UsageError(f"the dataset's own column '{taken[0]}' is made of the conversation: rename yours.")
    made = [pl.col(name).cast(pl.String) for name in wanted] + [pl.col(name) for name in split_only]
    return made, [*wanted, *split_only]


def clean_rows(config: Conversations, store: RowStore, mapper: Mapper | None = None) -> dict[str, Any]:
    """Rejects malformed conversations, cleans the others, and then treats `asked` and `answer` as any text and answer.

    Args:
        config: what is rejected.
        store: holds rows with id and conversations (JSON text).
        mapper: who computes signatures of near-duplicates; null: this process.

    Returns:
        Facts for the report: `clean`, `duplicates`.
    """
    store.map(partial(_parsed, config))
    store.reject("malformed conversation", pl.col(WHY))
    store.drop(WHY)
    counted = clean(config.clean, store, config.messages)
    store.map(partial(_apart, config))
    return {"clean": counted, **reject_and_cluster(config, store, mapper)}


def _parsed(config: Conversations, rows: pl.DataFrame) -> pl.DataFrame:
    """The conversations in normal form, and why a row is malformed (null: it is not)."""
    told: list[tuple[str | None, str | None]] = []
    for text, tools in _pairs(config, rows):
        try:
            told.append((dumps(parse(text, tools).answered().messages), None))
        except MalformedError as error:
            told.append((text, str(error)))
    return rows.with_columns(
        pl.Series(config.messages, [text for text, _ in told], dtype=pl.String),
        pl.Series(WHY, [why for _, why in told], dtype=pl.String),
    )


def _apart(config: Conversations, rows: pl.DataFrame) -> pl.DataFrame:
    """Adds `asked`, all messages but system messages before the answer, and `answer`."""
    conversations = [parse(text, tools) for text, tools in _pairs(config, rows)]
    asked = [said([one for one in talk.messages[:-1] if one["role"] not in SYSTEM]) for talk in conversations]
    answers = [said(talk.messages[-1:]) for talk in conversations]
    return rows.with_columns(
        pl.Series(config.text, asked, dtype=pl.String), pl.Series("answer", answers, dtype=pl.String)
    )


def _pairs(config: Conversations, rows: pl.DataFrame) -> list[tuple[str | None, str | None]]:
    tools = pl.col(config.tools) if config.tools else pl.lit(None, pl.String)
    return rows.select(pl.col(config.messages).alias("messages"), tools.alias("tools")).rows()
