"""Rows that are longer than `task.max_length`: how many of each split, and how short their text would have to be."""

from typing import Any

import polars as pl

from shipworthy.data.tokens.encode import CUT
from shipworthy.evaluation.tasks.schema import TextToText

REASON = "too long"
LARGE = 0.01
"""Share of a split from which on it is said (0 to 1)."""
SAFE = 0.95
"""Of the length that would fit by a row's own characters per token: what is left of a text may be denser."""


def by_split(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """For each split its rows that are too long, and their share of it.

    Args:
        rows: as `Encoder` gives them, with split and `_reason`.
    """
    return _shares(rows, pl.col("_reason") == REASON)


def cut_by_split(rows: pl.LazyFrame) -> dict[str, dict[str, Any]]:
    """For each split its rows whose text was cut, and their share of it; empty where none is ever cut."""
    return _shares(rows, pl.col(CUT)) if CUT in rows.collect_schema() else {}


def _shares(rows: pl.LazyFrame, of: pl.Expr) -> dict[str, dict[str, Any]]:
    counts = rows.group_by("split").agg(pl.len().alias("of"), of.sum().alias("rows"))
    found = {row["split"]: row for row in counts.collect(engine="streaming").iter_rows(named=True)}
    return {
        name: {"rows": found[name]["rows"], "share": round(found[name]["rows"] / found[name]["of"], 6)}
        for name in ("train", "validation", "test")
        if name in found
    }


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
