"""Questions in words: which columns they are, and the sieve: gates, then exact duplicates, then near-duplicates."""

from functools import partial
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.rows import clean
from shipworthy.data.duplicates.clusters import clusters, facts
from shipworthy.data.narrow import Rows, first_equal, sparse
from shipworthy.data.schema import Text
from shipworthy.data.sieve import Sieve
from shipworthy.data.text import words

WORDS = "_words"


def select(config: Text, dtypes: dict[str, pl.DataType]) -> tuple[list[pl.Expr], list[str]]:
    """What a row of the source becomes: text and context, what the split needs, and `answer`; and the columns needed.

    Args:
        dtypes: of the source's columns.
    """
    wanted = dict.fromkeys([config.text, *config.context])
    asked = [name for name in dtypes if name in wanted] + [name for name in wanted if name not in dtypes]
    carried = [name for name in config.split.columns if name not in asked]
    if config.answer in carried:
        raise UsageError(f"data.split names the column '{config.answer}', which holds the answer: call it 'answer'.")
    made = [pl.col(name).cast(pl.String) for name in asked] + [pl.col(name) for name in carried]
    return [*made, pl.col(config.answer).cast(pl.String).alias("answer")], [*asked, *carried, config.answer]


def sift(config: Text, sieve: Sieve) -> dict[str, Any]:
    """Cleans the rows, rejects those that cannot teach, and gives each that is left its `cluster`.

    Args:
        config: what is rejected.
        sieve: holds rows with id, answer, and the columns of `config.text` and `config.context`.

    Returns:
        Facts for the report: `clean`, `duplicates`.
    """
    return {"clean": clean(config.clean, sieve, (config.text, *config.context)), **judge(config, sieve)}


def judge(config: Text, sieve: Sieve) -> dict[str, Any]:
    """Rejects clean rows that cannot teach, and gives each that is left its `cluster`; facts: `duplicates`."""
    sieve.map(partial(_with_words, config.text))
    _gates(config, sieve)
    if config.one_answer:
        _contradictions(config, sieve)
    _exact(config, sieve)
    found = _near(config, sieve)
    sieve.drop(WORDS)
    return {"duplicates": found}


def _with_words(text: str, rows: pl.DataFrame) -> pl.DataFrame:
    texts = [" ".join(words(value or "")) for value in rows[text]]
    return rows.with_columns(pl.Series(WORDS, texts, dtype=pl.String), pl.col("answer").str.strip_chars())


def _gates(config: Text, sieve: Sieve) -> None:
    needed = (config.text, *config.context, "answer")
    empty = (pl.when(pl.col(name).is_null() | (pl.col(name) == "")).then(pl.lit(f"{name} is empty")) for name in needed)
    sieve.reject("empty", pl.coalesce(*empty))
    if config.answers:
        unnamed = ~pl.col("answer").is_in(list(config.answers))
        sieve.reject("unnamed answer", pl.when(unnamed).then(pl.format("data.answers does not name '{}'", "answer")))
        sieve.change(pl.col("answer").replace(config.answers))
    length = pl.when(pl.col(WORDS) == "").then(0).otherwise(pl.col(WORDS).str.count_matches(" ", literal=True) + 1)
    outside = (length < config.min_words) | (length > config.max_words)
    limits = f"{config.min_words} to {config.max_words}"
    sieve.reject("length", pl.when(outside).then(pl.format("{} words, not {}", length, pl.lit(limits))))
    if config.refuse_literal:
        literal = pl.col(config.text).str.to_lowercase().str.contains(pl.col("answer").str.to_lowercase(), literal=True)
        sieve.reject(
            "literal", pl.when(literal).then(pl.format("{} holds the answer '{}'", pl.lit(config.text), "answer"))
        )


def _contradictions(config: Text, sieve: Sieve) -> None:
    """One question with two answers: nobody can tell which is right, so all of its rows go."""
    question = [_same(config), *config.context]
    same_question = first_equal(sieve.batches(question), question)
    same_row = first_equal(sieve.batches([*question, "answer"]), [*question, "answer"])
    rows = np.flatnonzero(np.isin(same_question, same_question[same_row != same_question]))
    told = sieve.take(rows, ["answer"]).with_columns(question=pl.Series(same_question[rows], dtype=pl.Int32))
    answers = pl.col("answer").unique().sort().over("question", mapping_strategy="join")
    why = told.select(pl.format("same question, answers {}", answers.list.join(", ")).alias("why"))["why"]
    sieve.reject_rows("contradiction", rows, why)


def _exact(config: Text, sieve: Sieve) -> None:
    """The same text and the same answer, whatever the context: the row with the lowest id stays."""
    row = [_same(config), "answer"]
    reject_repeated(sieve, "exact duplicate", first_equal(sieve.batches(row), row), "of {}")


def _same(config: Text) -> str:
    """The column in which texts that are the same are equal."""
    return WORDS if config.duplicates.exact.by == "words" else config.text


def _near(config: Text, sieve: Sieve) -> dict[str, int]:
    """Near-duplicates form clusters; of those with the same answer in a cluster, the lowest id stays."""
    labels = clusters(sieve.rows, config.text, config.duplicates, scratch=sieve.folder)
    attach_clusters(sieve, labels)
    same = first_equal(sieve.batches(["cluster", "answer"]), ["cluster", "answer"])
    reject_repeated(sieve, "near-duplicate", same, "of {}, with the same answer")
    return facts(labels)


def attach_clusters(sieve: Sieve, labels: Rows) -> None:
    """Gives each row its `cluster`: the id of the row that `labels` (n,) names."""
    rows, firsts = sparse(labels)
    sieve.attach("cluster", ids_of(sieve, firsts), rows, base="id")


def reject_repeated(sieve: Sieve, reason: str, labels: Rows, detail: str) -> None:
    """Rejects the rows whose label is another row, which the detail names by its id."""
    rows, firsts = sparse(labels)
    named = pl.DataFrame({"first": ids_of(sieve, firsts)}).select(pl.format(detail, "first"))
    sieve.reject_rows(reason, rows, named.to_series())


def ids_of(sieve: Sieve, rows: Rows) -> pl.Series:
    """The ids of rows, by their numbers, in whatever order."""
    known, place = np.unique(rows, return_inverse=True)
    return sieve.take(known, ["id"])["id"].gather(place)
