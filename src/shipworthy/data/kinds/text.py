"""Rows of text: their columns; which are rejected; exact duplicates, then near-duplicates."""

from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.parallel import Mapper
from shipworthy.data.clean.rows import clean
from shipworthy.data.column_index import Rows, first_equal, sparse
from shipworthy.data.columns import as_text
from shipworthy.data.duplicates.clusters import cluster_counts, clusters
from shipworthy.data.kinds import label_lists
from shipworthy.data.kinds.schema import Text
from shipworthy.data.row_store import RowStore
from shipworthy.models.normalize import words

WORDS = "_words"
"""The column of each text's words; a text without words is compared by its characters, after a space."""


def select(config: Text, dtypes: Mapping[str, pl.DataType]) -> tuple[list[pl.Expr], list[str]]:
    """The columns of a row (context, text, columns of the split, `answer`), and the source columns they need.

    Args:
        dtypes: of the source's columns.
    """
    asked = list(dict.fromkeys([*config.context, config.text]))  # whatever their order in the file
    split_only = [name for name in config.split.columns if name not in asked]
    if config.answer in split_only:
        raise UsageError(f"data.split names the column '{config.answer}', which holds the answer: call it 'answer'.")
    made = [as_text(name, dtypes[name]) if name in dtypes else pl.col(name) for name in asked] + [
        pl.col(name) for name in split_only
    ]
    return [*made, pl.col(config.answer).cast(pl.String).alias("answer")], [*asked, *split_only, config.answer]


def clean_rows(config: Text, store: RowStore, mapper: Mapper | None = None, *, labels: bool = False) -> dict[str, Any]:
    """Cleans the rows, rejects unusable and duplicate ones, and adds `cluster`.

    Args:
        config: what is rejected.
        store: holds rows with id, answer, and the columns of `config.text` and `config.context`.
        mapper: who computes signatures of near-duplicates; null: this process.
        labels: whether the answers are lists of labels.

    Returns:
        Facts for the report: `clean`, `duplicates`.

    Raises:
        UsageError: labels are asked for, and there are no lists.
    """
    counted = clean(config.clean, store, (config.text, *config.context))
    if labels:
        label_lists.read(config.answer, config.separator, store)
    return {"clean": counted, **reject_and_cluster(config, store, mapper)}


def reject_and_cluster(config: Text, store: RowStore, mapper: Mapper | None = None) -> dict[str, Any]:
    """Rejects unusable and duplicate rows, and adds `cluster`; facts for the report: `duplicates`."""
    store.map(partial(_with_words, config.text))
    _gates(config, store)
    if config.one_answer:
        _contradictions(config, store)
    _exact(config, store)
    found = _near(config, store, mapper)
    store.drop(WORDS)
    return {"duplicates": found}


def _with_words(text: str, rows: pl.DataFrame) -> pl.DataFrame:
    texts = rows[text].fill_null("")
    # What `words` finds in ASCII, by columns; other texts are read one by one.
    joined = texts.str.replace_all(r"[^a-zA-Z0-9_]+", " ").str.strip_chars(" ").str.to_lowercase()
    foreign = (texts.str.len_bytes() != texts.str.len_chars()).arg_true()
    found = [" ".join(words(value)) for value in texts.gather(foreign)]
    joined = joined.scatter(foreign, pl.Series(found, dtype=pl.String))
    column = joined.zip_with(joined != "", " " + texts)
    return rows.with_columns(column.alias(WORDS), pl.col("answer").str.strip_chars())


def _gates(config: Text, store: RowStore) -> None:
    needed = (config.text, *config.context, "answer")
    empty = (pl.when(pl.col(name).is_null() | (pl.col(name) == "")).then(pl.lit(f"{name} is empty")) for name in needed)
    store.reject("empty", pl.coalesce(*empty))
    if config.answers:
        unnamed = ~pl.col("answer").is_in(list(config.answers))
        store.reject("unnamed answer", pl.when(unnamed).then(pl.format("data.answers does not name '{}'", "answer")))
        store.change(pl.col("answer").replace(config.answers))
    spaces = pl.col(WORDS).str.count_matches(" ", literal=True)
    length = pl.when(pl.col(WORDS).str.starts_with(" ")).then(0).otherwise(spaces + 1)
    outside = (length < config.min_words) | (length > config.max_words)
    limits = f"{config.min_words} to {config.max_words}"
    store.reject("length", pl.when(outside).then(pl.format("{} words, not {}", length, pl.lit(limits))))
    if config.refuse_literal:
        literal = pl.col(config.text).str.to_lowercase().str.contains(pl.col("answer").str.to_lowercase(), literal=True)
        store.reject(
            "literal", pl.when(literal).then(pl.format("{} holds the answer '{}'", pl.lit(config.text), "answer"))
        )


def _contradictions(config: Text, store: RowStore) -> None:
    """Rejects all rows of a question that has several answers: which one is right is unknown."""
    question = [_same(config), *config.context]
    same_question = first_equal(store.batches(question), question)
    same_row = first_equal(store.batches([*question, "answer"]), [*question, "answer"])
    rows = np.flatnonzero(np.isin(same_question, same_question[same_row != same_question]))
    told = store.take(rows, ["answer"]).with_columns(question=pl.Series(same_question[rows], dtype=pl.Int32))
    answers = pl.col("answer").unique().sort().over("question", mapping_strategy="join")
    why = told.select(pl.format("same question, answers {}", answers.list.join(", ")).alias("why"))["why"]
    store.reject_rows("contradiction", rows, why)


def _exact(config: Text, store: RowStore) -> None:
    """Rejects rows with the same text and answer, whatever the context; the row with the lowest id stays."""
    row = [_same(config), "answer"]
    reject_repeated(store, "exact duplicate", first_equal(store.batches(row), row), "of {}")


def _same(config: Text) -> str:
    """The column whose values are equal for texts that count as the same."""
    return WORDS if config.duplicates.exact.by == "words" else config.text


def _near(config: Text, store: RowStore, mapper: Mapper | None) -> dict[str, int]:
    """Clusters near-duplicates; of rows with the same answer in a cluster, the one with the lowest id stays."""
    labels = clusters(store.rows, config.text, config.duplicates, scratch=store.folder, mapper=mapper)
    attach_clusters(store, labels)
    same = first_equal(store.batches(["cluster", "answer"]), ["cluster", "answer"])
    reject_repeated(store, "near-duplicate", same, "of {}, with the same answer")
    return cluster_counts(labels)


def attach_clusters(store: RowStore, labels: Rows) -> None:
    """Gives each row its `cluster`: the id of the row that `labels` (n,) names."""
    rows, firsts = sparse(labels)
    store.attach("cluster", ids_of(store, firsts), rows, base="id")


def reject_repeated(store: RowStore, reason: str, labels: Rows, detail: str) -> None:
    """Rejects the rows whose label is another row, which the detail names by its id."""
    rows, firsts = sparse(labels)
    store.attach("_first", ids_of(store, firsts), rows)
    store.reject(reason, pl.format(detail, "_first"))
    store.drop("_first")


def ids_of(store: RowStore, rows: Rows) -> pl.Series:
    """The ids of the rows with these numbers, in the given order."""
    known, place = np.unique(rows, return_inverse=True)
    return store.take(known, ["id"])["id"].gather(place)
