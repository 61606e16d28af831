"""Rows that are longer than `task.max_length`: how many of each split, and what was or could be done about them."""

from collections.abc import Mapping
from typing import Any

import polars as pl
from scipy.stats import kruskal

from shipworthy.data.class_shares import LEVEL
from shipworthy.data.row_operations import MAX_CLASSES
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.cut_rows import CUT
from shipworthy.models.dataset import SPLITS
from shipworthy.models.documents import CHUNK_OF

REASON = "too long"
LARGE = 0.01
"""Share of a split from which on it is said (0 to 1)."""
VARIOUS = 0.5
"""Share of documents with an answer of their own above which a vote makes little sense (0 to 1)."""
SAFE = 0.95
"""Of the length that would fit by a row's own characters per token: what is left of a text may be denser."""


def by_split(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """For each split its rows (of texts that are divided: documents) that are too long, and their share of it.

    Args:
        rows: as `Encoder` gives them, with split and `_reason`.
    """
    return _shares(rows, pl.col("_reason") == REASON)


def cut_by_split(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """For each split its rows whose text was cut, and their share of it; empty where none is ever cut."""
    return _shares(rows, pl.col(CUT)) if CUT in rows.collect_schema() else {}


def chunked_by_split(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """For each split its documents that were divided, their share of all of its documents, and their chunks."""
    kept, divided = rows.filter(pl.col("_reason").is_null()), pl.col("id") != pl.col(CHUNK_OF)
    document = pl.col(CHUNK_OF)
    asked = kept.group_by("split").agg(
        document.n_unique().alias("of"),
        document.filter(divided).n_unique().alias("documents"),
        divided.sum().alias("chunks"),
    )
    found = {one.pop("split"): one for one in asked.collect(engine="streaming").to_dicts()}
    return {name: {**found[name], "share": _share(found[name]["documents"], found[name]["of"])} for name in _in(found)}


def answers_alone(rows: pl.LazyFrame) -> float:
    """The share of train's documents of which no other has the same answer (0 to 1)."""
    train = rows.filter(pl.col("_reason").is_null() & (pl.col("split") == "train")).unique(CHUNK_OF)
    counts = train.group_by("answer").len()
    asked = counts.select(alone=(pl.col("len") == 1).sum(), of=pl.col("len").sum()).collect(engine="streaming")
    alone, of = asked.row(0)
    return float(alone / of) if of else 0.0


def vote_warnings(rows: pl.LazyFrame) -> list[str]:
    """A sentence where documents are divided whose answers are too various for a vote of their chunks."""
    divided = sum(one["documents"] for one in chunked_by_split(rows).values())
    if not divided or (alone := answers_alone(rows)) <= VARIOUS:
        return []
    return [
        f"{divided:,} documents are divided into chunks, whose answers are put to a vote, and {alone:.0%} of train's "
        "documents have an answer that no other has, so that few votes agree: set task.too_long=truncate, or give "
        "answers that repeat."
    ]


def share_warnings(rows: pl.LazyFrame) -> list[str]:
    """A sentence where chunks move the share of a class in train by more than chance, for its texts have more of them.

    Whether the number of chunks of a document depends on its class is tested as Kruskal and Wallis do.
    """
    train = rows.filter(pl.col("_reason").is_null() & (pl.col("split") == "train"))
    documents = train.group_by(CHUNK_OF).agg(pl.col("answer").first(), pl.len().alias("chunks")).drop(CHUNK_OF)
    numbers = documents.collect(engine="streaming")
    classes = numbers.group_by("answer").agg(pl.len().alias("documents"), pl.col("chunks")).sort("answer")
    if not 1 < classes.height <= MAX_CLASSES or numbers["chunks"].n_unique() == 1:
        return []
    p = float(kruskal(*classes["chunks"].to_list()).pvalue)
    if p >= LEVEL:
        return []
    before = pl.col("documents") / pl.col("documents").sum()
    of_rows = pl.col("chunks").list.sum()
    moved = classes.select("answer", before.alias("before"), (of_rows / of_rows.sum()).alias("after"))
    name, was, now = max(moved.iter_rows(), key=lambda row: abs(row[2] - row[1]))
    return [
        f"chunks move the share of '{name}' in train from {was:.2%} of the documents to {now:.2%} of the rows (p = "
        f"{p:.2g}), more than chance, for texts of some answers are longer: raise task.max_length, or set "
        "task.too_long=truncate, if each document is to weigh the same."
    ]


def _shares(rows: pl.LazyFrame, of: pl.Expr) -> dict[str, dict[str, Any]]:
    whole = pl.col(CHUNK_OF).n_unique() if CHUNK_OF in rows.collect_schema() else pl.len()
    counts = rows.group_by("split").agg(whole.alias("of"), of.sum().alias("rows"))
    found = {row["split"]: row for row in counts.collect(engine="streaming").iter_rows(named=True)}
    return {
        name: {"rows": found[name]["rows"], "share": _share(found[name]["rows"], found[name]["of"])}
        for name in _in(found)
    }


def _share(part: int, of: int) -> float:
    return round(part / of, 6)


def _in(found: Mapping[str, Any]) -> list[str]:
    """The splits that there are, in order."""
    return [name for name in SPLITS if name in found]


def warnings(rows: pl.LazyFrame, task: TextToText, column: str) -> list[str]:
    """A sentence where rows of a split are left out for their length.

    Args:
        column: the text that could be cut; empty: none, for an answer must not be cut.
    """
    found = by_split(rows)
    if all(one["share"] < LARGE for one in found.values()):
        return []
    told = ", ".join(f"{one['share']:.1%} of {name} ({one['rows']:,})" for name, one in found.items())
    cut = ""
    if column and (most := fitting_characters(rows, task, column)):
        cut = (
            f", or cut the text of every split alike, in the data's config: clean: {{truncate: {{columns: {{{column}: "
            f"{{max_characters: {most}}}}}}}}}"
        )
    by_tokens = ", or by tokens: task.too_long=truncate" if column and not task.cuts else ""
    return [
        f"rows longer than task.max_length={task.max_length} tokens are left out, {told}, so that only the others are "
        f"taught and measured: raise task.max_length{cut}{by_tokens}."
    ]


def fitting_characters(rows: pl.LazyFrame, task: TextToText, column: str) -> int:
    """About how many characters of the text would let 95% of the too long rows in (0: none would).

    Room is kept for the longest answer that is generated, so that no answer of the test split is looked at.
    """
    prompt, text = pl.col("prompt_ids").list.len(), pl.col(column).str.len_chars()
    shortest = rows.select(prompt.min()).collect(engine="streaming").item()
    own = prompt - shortest
    room = task.max_length - task.max_new_tokens - shortest
    long = rows.filter((pl.col("_reason") == REASON) & (own > 0) & (text > 0))
    fits = long.select((text / own * room).quantile(0.05)).collect(engine="streaming").item()
    return max(0, int(fits * SAFE)) if fits is not None else 0
