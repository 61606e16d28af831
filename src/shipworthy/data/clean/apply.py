"""Applies all cleaners to all rows in one lazy pass; each is implemented by the file of its name."""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.core.lazy import Lazy
from shipworthy.data.clean.schema import Cleaning

CLEANERS = Lazy("shipworthy.data.clean.{data.clean}")


@dataclass(frozen=True)
class CleanerResult:
    """The rows after one cleaner, what it rejects and what it counts.

    Attributes:
        rows: the cleaned rows; columns whose names begin with _ are working space.
        rejections: reason → detail (str; null: the row is kept).
        counts: name in the report → an aggregation over `rows` (int).
    """

    rows: pl.LazyFrame
    rejections: dict[str, pl.Expr] = field(default_factory=dict)
    counts: dict[str, pl.Expr] = field(default_factory=dict)


@dataclass(frozen=True)
class Cleaned:
    """The rows after all cleaners, not yet computed.

    Attributes:
        rows: the cleaned rows, with working columns whose names begin with _clean_.
        rejections: (reason, detail) in the order of the cleaners; the first detail that is not null rejects the row.
        counts: name in the report → an aggregation over `rows`, e.g. `pii: email` (int).
    """

    rows: pl.LazyFrame
    rejections: list[tuple[str, pl.Expr]]
    counts: dict[str, pl.Expr]


def apply(config: Cleaning, rows: pl.LazyFrame, columns: Sequence[str]) -> Cleaned:
    """Cleans the texts of `columns`; a row's result depends on that row alone.

    Args:
        config: which cleaners, with their settings.
        rows: any number of rows.
        columns: the columns that hold text (str).

    Raises:
        UsageError: a cleaner names a column that is none of `columns`.
    """
    rejections: list[tuple[str, pl.Expr]] = []
    counts: dict[str, pl.Expr] = {}
    for cleaner in fields(config):
        if (part := getattr(config, cleaner.name)) is None:
            continue
        if unknown := [name for name in getattr(part, "columns", ()) if name not in columns]:
            raise UsageError(
                f"data.clean.{cleaner.name}.columns names '{unknown[0]}', which is no column of text here "
                f"(these are: {', '.join(columns)}): correct it."
            )
        if not columns:  # a table of numbers
            continue
        step: CleanerResult = CLEANERS.load(cleaner.name).step(part, rows, columns)
        # Computed before the later cleaners change the text: a mask, for instance, is no reason to reject a row.
        judged = {f"_clean_{cleaner.name}_{n}": detail for n, detail in enumerate(step.rejections.values())}
        rows = step.rows.with_columns(**judged)
        rejections += zip(step.rejections, map(pl.col, judged), strict=True)
        counts |= step.counts
    return Cleaned(rows, rejections, counts)
