"""Rows of train, token by token, as a reader of the page sees them; and how long the rows are."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.data.draw import draw
from shipworthy.models.causal_lm.chat import Chat


@dataclass(frozen=True)
class Preview:
    """One row of train: the text of each token, and whether the loss counts it."""

    id: str
    tokens: list[tuple[str, bool]]


def previews(rows: pl.DataFrame, chat: Chat, n: int) -> list[Preview]:
    """Rows of train, token by token, special tokens included; always the same rows."""
    train = rows.filter(split="train").with_columns(pl.lit(0).alias("_draw"))
    train = train.with_columns(pl.Series("_draw", draw(train["id"], "preview"))).sort("_draw").head(n)
    return [
        Preview(identity, [(_read(chat, i), False) for i in prompt] + [(_read(chat, i), True) for i in answer])
        for identity, prompt, answer in train.select("id", "prompt_ids", "answer_ids").iter_rows()
    ]


def _read(chat: Chat, token: int) -> str:
    return str(chat.tokenizer.decode([token]))


def statistics(rows: pl.DataFrame) -> dict[str, Any]:
    """Per split: lengths of prompts and, but for test, of answers; how many tokens are trained on (tokens)."""
    result: dict[str, Any] = {}
    for split in ("train", "validation", "test"):
        part = rows.filter(split=split)
        prompt, answer = part["prompt_ids"].list.len(), part["answer_ids"].list.len()
        result[split] = {"prompt": _summary(prompt)}
        if split != "test":
            result[split] |= {"answer": _summary(answer), "all": int(prompt.sum()) + int(answer.sum())}
            result[split] |= {"trained on": int(answer.sum())}
    return result


def _summary(lengths: pl.Series) -> dict[str, int]:
    q = lengths.quantile
    values = {"min": lengths.min(), "median": q(0.5, "nearest"), "p95": q(0.95, "nearest"), "max": lengths.max()}
    return {name: int(str(value).partition(".")[0]) for name, value in values.items() if value is not None}
