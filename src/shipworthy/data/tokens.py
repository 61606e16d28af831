"""Rows as the tokens that the model sees, and which of them it is trained on."""

from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import polars as pl

from shipworthy.data.draw import draw
from shipworthy.data.sieve import Sieve
from shipworthy.evaluation.tasks.schema import TextToText
from shipworthy.models.rows import texts

if TYPE_CHECKING:
    from shipworthy.models.causal_lm.chat import Chat

IDS = pl.List(pl.Int32)


@dataclass(frozen=True)
class Preview:
    """One row of train: the text of each token, and whether the loss counts it."""

    id: str
    tokens: list[tuple[str, bool]]


def encode(task: TextToText, sieve: Sieve, chat: "Chat") -> None:
    """Adds `prompt_ids` and `answer_ids`; rejects rows that would not be trained on as they are.

    Args:
        task: its prompt, its system message, and the longest row.
        sieve: holds the rows.
        chat: the model's own template.

    Raises:
        UsageError: the prompt names a column that the rows lack.
    """
    sieve.map(partial(_encoded, task, chat), here=True)
    sieve.reject("too long", _too_long(task.max_length))
    sieve.reject("unspeakable", pl.col("_fault"))
    sieve.drop("_fault")


def _encoded(task: TextToText, chat: "Chat", rows: pl.DataFrame) -> pl.DataFrame:
    prompts = [chat.prompt_ids(task.system, question) for question in texts(rows, task.prompt)]
    answer_ids, fault = cache(chat.answer_ids), cache(partial(_fault, chat))
    return rows.with_columns(
        pl.Series("prompt_ids", prompts, dtype=IDS),
        pl.Series("answer_ids", [answer_ids(answer) for answer in rows["answer"]], dtype=IDS),
        pl.Series("_fault", [fault(answer) for answer in rows["answer"]], dtype=pl.String),
    )


def _too_long(max_length: int) -> pl.Expr:
    prompt, answer = pl.col("prompt_ids").list.len(), pl.col("answer_ids").list.len()
    left = (max_length - prompt.cast(pl.Int64)).clip(0)
    why = "{} tokens of prompt and {} of answer, of which task.max_length={} would leave {} to train on"
    return pl.when(left < answer).then(pl.format(why, prompt, answer, pl.lit(max_length), left))


def _fault(chat: "Chat", answer: str) -> str | None:
    """Why the model could never be right: the tokenizer does not give the answer back, or it does not end."""
    ids = chat.answer_ids(answer)
    if (back := chat.decode(ids).strip()) != answer:
        return f"the answer's tokens read '{back}'"
    return None if ids[-1] == chat.eos_id else "the answer does not end with the end-of-turn token"


def statistics(sieve: Sieve) -> dict[str, Any]:
    """Per split: lengths of prompts and, but for test, of answers; how many tokens are trained on (tokens)."""
    result: dict[str, Any] = {}
    lengths = sieve.rows.select("split", pl.col("prompt_ids", "answer_ids").list.len()).collect(engine="streaming")
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


def previews(sieve: Sieve, chat: "Chat", n: int) -> list[Preview]:
    """Rows of train, token by token, special tokens included; always the same rows."""
    columns = ["id", "split", "prompt_ids", "answer_ids"]
    best = pl.DataFrame()
    for frame in sieve.batches(columns):
        train = frame.filter(split="train")
        drawn = train.with_columns(pl.Series("_draw", draw(train["id"], "preview"), dtype=pl.Float64))
        best = pl.concat([best, drawn], how="diagonal").sort("_draw").head(n)
    return [
        Preview(identity, [(_read(chat, i), False) for i in prompt] + [(_read(chat, i), True) for i in answer])
        for identity, prompt, answer in best.select("id", "prompt_ids", "answer_ids").iter_rows()
    ]


def _read(chat: "Chat", token: int) -> str:
    return str(chat.tokenizer.decode([token]))
