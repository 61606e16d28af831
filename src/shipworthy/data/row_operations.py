"""What is done to the rows of a part, one operation after the other, in whatever process."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.data.rows import Part, write_part

Rows = np.ndarray[Any, Any]
Function = Callable[[pl.DataFrame], pl.DataFrame]


@dataclass(frozen=True)
class Change:
    """Rows in, as many rows out, in their order."""

    function: Function

    def of(self, part: Part) -> "Change":
        """What a part needs of it."""
        return self


@dataclass(frozen=True)
class Expand:
    """Rows in, and of each one or more out."""

    function: Function

    def of(self, part: Part) -> "Expand":
        """What a part needs of it."""
        return self


@dataclass(frozen=True)
class Reject:
    """The rows of which `detail` is not null go."""

    reason: str
    detail: pl.Expr

    def of(self, part: Part) -> "Reject":
        """What a part needs of it."""
        return self


@dataclass(frozen=True)
class Attach:
    """A column with a value for each row, or, if `rows` are given, only for these: the others have that of `base`."""

    name: str
    values: pl.Series
    rows: Rows | None = None
    base: str = ""

    def of(self, part: Part) -> "Attach":
        """What a part needs of it."""
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
class Done:
    """What a pass made of a part: the part that is left, what was rejected, and per rejection rows before and out.

    Attributes:
        added: rows that were made of others.
    """

    path: Path
    height: int
    added: int
    rejected: list[Path]
    counts: list[tuple[int, int]] = field(default_factory=list)


def one_pass(operations: Sequence[Operation], part: Part, number: int, folder: Path) -> Done:
    """Does the operations to one part; in whatever process."""
    frame = pl.read_parquet(part.path)
    out: list[pl.DataFrame] = []
    counts = []
    added = 0
    for one in operations:
        before = frame.height
        match one:
            case Reject():
                frame, gone = _divide(frame, one)
                counts.append((before, gone.height))
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
    return Done(write_part(frame, folder, number), frame.height, added, rejected, counts)


def _divide(frame: pl.DataFrame, one: Reject) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that stay, and those that go: id, reason, detail, row."""
    why = frame.select(one.detail.alias("detail")).to_series()
    why = why.new_from_index(0, frame.height) if why.len() != frame.height else why
    stays = why.is_null()
    gone = frame.filter(~stays)
    own = [name for name in frame.columns if name != "id" and not name.startswith("_")]
    row = pl.struct(own).struct.json_encode() if own else pl.lit("{}")
    record = gone.select("id", pl.lit(one.reason).alias("reason"), why.filter(~stays).alias("detail"), row.alias("row"))
    return frame.filter(stays), record
