"""Operations on the rows of a part; they are applied one after the other, possibly in a worker process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import numpy as np
import polars as pl

from shipworthy.data.parts import Part, write_part
from shipworthy.models import parquet

Rows = np.ndarray[Any, Any]
Function = Callable[[pl.DataFrame], pl.DataFrame]
AnswerCounts = dict[str, tuple[int, int]]
"""Answer → its rows before a step, and those that the step rejected."""
MAX_CLASSES = 100
"""Answers of more distinct values are free text, which is not counted."""


class WholeOperation:
    """An operation that is the same for every part."""

    def for_part(self, part: Part) -> Self:
        """The operation itself."""
        return self


@dataclass(frozen=True)
class Change(WholeOperation):
    """Replaces the rows by as many, in the same order."""

    function: Function


@dataclass(frozen=True)
class Expand(WholeOperation):
    """Replaces each row by one or more."""

    function: Function


@dataclass(frozen=True)
class Reject(WholeOperation):
    """Removes the rows whose `detail` is not null."""

    reason: str
    detail: pl.Expr


@dataclass(frozen=True)
class Attach:
    """Adds a column with a value for each row, or for each of `rows`; others get that of column `base`, or null."""

    name: str
    values: pl.Series
    rows: Rows | None = None
    base: str = ""

    def for_part(self, part: Part) -> "Attach":
        """The operation, restricted to the data of one part."""
        if self.rows is None:
            return Attach(self.name, self.values.slice(part.first, part.rows))
        low, high = np.searchsorted(self.rows, [part.first, part.first + part.rows])
        return Attach(self.name, self.values.slice(low, high - low), self.rows[low:high] - part.first, self.base)

    def __call__(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The frame with the column."""
        values = self.values
        if self.rows is not None:
            empty = pl.Series(self.name, [None], dtype=values.dtype).new_from_index(0, frame.height)
            values = (frame[self.base] if self.base else empty).scatter(self.rows, values)
        return frame.with_columns(values.alias(self.name))


Operation = Change | Expand | Reject | Attach


@dataclass(frozen=True)
class PartResult:
    """The result of the operations on one part.

    Attributes:
        path: file of the rows that are left.
        height: number of these rows.
        added: rows that `Expand` added.
        rejected: files of the rejected rows.
        counts: for each `Reject`, rows before it and rows that it removed.
        answers: for each `Reject` the same by answer; None where the answers are no classes.
    """

    path: Path
    height: int
    added: int
    rejected: list[Path]
    counts: list[tuple[int, int]] = field(default_factory=list)
    answers: list[AnswerCounts | None] = field(default_factory=list)


@dataclass(frozen=True)
class StepCount:
    """The input rows of a step, and how many it rejected.

    Attributes:
        answers: the same of each class; empty where the answers are no classes.
    """

    name: str
    before: int
    rejected: int
    answers: AnswerCounts = field(default_factory=dict)

    @classmethod
    def of(cls, name: str, step: int, parts: Sequence[PartResult]) -> Self:
        """The step's counts in all parts together.

        Args:
            step: which `Reject` of the operations it was.
        """
        before, rejected = (sum(one.counts[step][which] for one in parts) for which in (0, 1))
        return cls(name, before, rejected, _summed([one.answers[step] for one in parts]))


def apply_to_part(operations: Sequence[Operation], part: Part, number: int, folder: Path) -> PartResult:
    """Applies the operations to one part and writes the result; runs in any process."""
    frame = parquet.read(part.path)
    out: list[pl.DataFrame] = []
    counts: list[tuple[int, int]] = []
    answers: list[AnswerCounts | None] = []
    added = 0
    for one in operations:
        before = frame.height
        match one:
            case Reject():
                whole = frame
                frame, gone = _split_rejected(whole, one)
                counts.append((before, gone.height))
                answers.append(_answer_counts(whole, frame))
                out.append(gone)
            case Change():
                frame = one.function(frame)
            case Expand():
                frame = one.function(frame)
                added += frame.height - before
                before = max(before, frame.height)
            case Attach():
                frame = one(frame)
        assert frame.height + (out[-1].height if isinstance(one, Reject) else 0) == before, f"{one} lost rows"
    rejected = []
    if gone_rows := [one for one in out if one.height]:
        rejected = [folder.parent / f"rejected-{folder.name}-{number:05}.parquet"]
        pl.concat(gone_rows).write_parquet(rejected[0], compression="lz4")
    return PartResult(write_part(frame, folder, number), frame.height, added, rejected, counts, answers)


def _answer_counts(before: pl.DataFrame, after: pl.DataFrame) -> AnswerCounts | None:
    """The rows of each class before a step, and those that it rejected; None where the answers are no classes."""
    if "answer" not in before.columns or before["answer"].head(10 * MAX_CLASSES).n_unique() > MAX_CLASSES + 1:
        return None
    had = dict(before["answer"].drop_nulls().value_counts().iter_rows())
    if len(had) > MAX_CLASSES:
        return None
    left = dict(after["answer"].drop_nulls().value_counts().iter_rows()) if after.height < before.height else had
    return {str(name): (rows, rows - left.get(name, 0)) for name, rows in had.items()}


def _summed(parts: Sequence[AnswerCounts | None]) -> AnswerCounts:
    """The counts of all parts together; empty where the answers are no classes."""
    total: AnswerCounts = {}
    for part in parts:
        if part is None:
            return {}
        for name, (before, out) in part.items():
            had, gone = total.get(name, (0, 0))
            total[name] = (had + before, gone + out)
    return total if len(total) <= MAX_CLASSES else {}


def _split_rejected(frame: pl.DataFrame, one: Reject) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that stay, and the rejected ones as id, reason, detail, row."""
    why = frame.select(one.detail.alias("detail")).to_series()
    why = why.new_from_index(0, frame.height) if why.len() != frame.height else why
    stays = why.is_null()
    gone = frame.filter(~stays)
    own = [name for name in frame.columns if name != "id" and not name.startswith("_")]
    row = pl.struct(own).struct.json_encode() if own else pl.lit("{}")
    record = gone.select("id", pl.lit(one.reason).alias("reason"), why.filter(~stays).alias("detail"), row.alias("row"))
    return frame.filter(stays), record
