"""Rows of train, token by token, for the report; and lengths of prompts and answers."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.data.hash_sampling import hash_uniform
from shipworthy.models.causal_lm.chat import Chat


@dataclass(frozen=True)
class Preview:
    """One row of train: the text of each token, and whether the loss counts it."""

    id: str
    tokens: list[tuple[str, bool]]


def previews(rows: pl.LazyFrame, chat: Chat, n: int) -> list[Preview]:
    """Rows of train, token by token, special tokens included; always the same rows."""
    train = rows.filter(split="train").select("id").collect(engine="streaming")
    drawn = train.with_columns(pl.Series("_draw", hash_uniform(train["id"], "preview"), dtype=pl.Float64))
    chosen = drawn.bottom_k(n, by="_draw").sort("_draw")["id"]
    shown = rows.filter(pl.col("id").is_in(chosen.implode())).select("id", "prompt_ids", "answer_ids")
    tokens = {identity: ids for identity, *ids in shown.collect(engine="streaming").iter_rows()}
    return [
        Preview(one, [(_collect(chat, i), False) for i in prompt] + [(_collect(chat, i), True) for i in answer])
        for one, (prompt, answer) in ((identity, tokens[identity]) for identity in chosen)
    ]


def _collect(chat: Chat, token: int) -> str:
    return str(chat.tokenizer.decode([token]))


def statistics(rows: pl.LazyFrame) -> dict[str, Any]:
    """Per split: lengths of prompts and, but for test, of answers; how many tokens are trained on (tokens)."""
    result: dict[str, Any] = {}
    lengths = rows.select("split", pl.col("prompt_ids", "answer_ids").list.len()).collect(engine="streaming")
    for split in ("train", "validation", "test"):
        part = lengths.filter(split=split)
        prompt, answer = part["prompt_ids"], part["answer_ids"]
        result[split] = {"prompt": _summary(prompt)}
        if split != "test":
            result[split] |= {"answer": _summary(answer), "all": int(prompt.sum()) + int(answer.sum())}
            result[split] |= {"trained on": int(answer.sum())}
    return result


def _summary(lengths: pl.Series) -> dict[str, int]:
    q = lengths.quantile
    values = {"min": lengths.min(), "median": q(0.5, "nearest"), "p95": q(0.95, "nearest"), "max": lengths.max()}
    return {name: int(str(value).partition(".")[0]) for name, value in values.items() if value is not None}
