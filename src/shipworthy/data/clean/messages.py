"""Applies the cleaners to conversations: to each message by itself, and to the arguments of tool calls."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.row_store import RowStore
from shipworthy.models.causal_lm.conversation import dumps, with_texts

ROW = "_clean_row"
WHY = "_clean_why"


def clean(config: Cleaning, store: RowStore, column: str) -> dict[str, int]:
    """Cleans the messages of `column` and rejects rows; returns what the cleaners counted, for the report.

    Args:
        config: which cleaners; where they name columns, it is this one.
        store: holds conversations, as JSON text.

    Raises:
        UsageError: a cleaner names another column.
    """
    planned = apply(config, pl.LazyFrame(schema={ROW: pl.UInt32, column: pl.String}), [column])
    store.map(partial(_cleaned, config, column))
    names = {name: f"_clean_count_{number}" for number, name in enumerate(planned.counts)}
    sums = {name: pl.col(held).sum() for name, held in names.items()}
    counted = store.rows.select(**sums).collect(engine="streaming") if sums else pl.DataFrame()
    for number, (reason, _) in enumerate(planned.rejections):
        store.reject(reason, pl.col(f"{WHY}_{number}"))
    store.drop(*names.values(), *(f"{WHY}_{number}" for number in range(len(planned.rejections))))
    return {name: int(counted[name][0]) for name in names}


def _cleaned(config: Cleaning, column: str, rows: pl.DataFrame) -> pl.DataFrame:
    conversations = [json.loads(text) for text in rows[column]]
    said = [(number, text) for number, one in enumerate(conversations) for text in _texts(one)]
    frame = pl.DataFrame(said, schema={ROW: pl.UInt32, column: pl.String}, orient="row")
    cleaned = apply(config, frame.lazy(), [column])
    texts = cleaned.rows.collect()
    new = iter(texts[column])
    written = [dumps(with_texts(one, lambda _: next(new))) for one in conversations]
    facts = {f"_clean_count_{n}": count for n, count in enumerate(cleaned.counts.values())}
    facts |= {f"{WHY}_{n}": why.drop_nulls().first() for n, (_, why) in enumerate(cleaned.rejections)}
    told = pl.DataFrame({ROW: range(rows.height)}, schema={ROW: pl.UInt32})
    told = told.join(texts.group_by(ROW).agg(**facts), on=ROW, how="left", maintain_order="left").drop(ROW)
    return rows.with_columns(pl.Series(column, written, dtype=pl.String)).hstack(told)


def _texts(value: list[dict[str, Any]]) -> Iterator[str]:
    """The texts of the messages, in a fixed order."""
    found: list[str] = []

    def note(text: str) -> str:
        found.append(text)
        return text

    with_texts(value, note)
    return iter(found)
