"""Rows on their way to the model: what is left, what was rejected and why; no row is lost without a reason.

They stand on disk in parts, in the order of their ids. What is done to each row by itself (`change`, `reject`, `map`)
waits, and is done to part after part in one pass, as soon as somebody looks at the rows. What needs all rows at once
is computed from narrow columns and comes back as an array, one value per row (`attach`, `reject_rows`).
"""

import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import track
from shipworthy.data.row_operations import Attach, Change, Done, Expand, Function, Operation, Reject, one_pass
from shipworthy.data.rows import BATCH_ROWS, Part, in_order, spill

REJECTED_SCHEMA = {"id": pl.String, "reason": pl.String, "detail": pl.String, "row": pl.String}
Rows = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Step:
    """How many rows a step was given, and how many it rejected."""

    name: str
    before: int
    rejected: int


class RowStore:
    """Holds the rows that are left; every row that a step rejects is kept with its reason.

    Args:
        rows: frames with a unique `id` (str), in any order; columns whose names begin with _ are working space.
        folder: an empty folder, or one that is not there, for the parts.
        batch_rows: rows of a part.
        workers: processes that do what can be done row by row.
    """

    def __init__(
        self,
        rows: Iterator[pl.DataFrame] | pl.DataFrame,
        folder: Path,
        *,
        batch_rows: int = BATCH_ROWS,
        workers: int = 1,
    ) -> None:
        folder.mkdir(exist_ok=True, parents=True)
        self.folder, self._batch_rows, self._workers = folder, batch_rows, workers
        self._passes = 0
        frames = iter([rows]) if isinstance(rows, pl.DataFrame) else rows
        read = spill(track(frames, "reading, parts", None), self._next_folder(), batch_rows)
        self._parts = in_order(read, self._next_folder(), batch_rows)
        if self._parts and self._parts[0].path.parent != read[0].path.parent:
            shutil.rmtree(read[0].path.parent)
        self._waiting: list[Operation] = []
        self._rejected: list[Path] = []
        self.steps: list[Step] = []
        self.added = 0  # rows that were made of others
        self.total = self.height
        self._refuse_repeated_ids()

    @property
    def height(self) -> int:
        """How many rows are left."""
        self._run()
        return sum(part.rows for part in self._parts)

    @property
    def rows(self) -> pl.LazyFrame:
        """The rows that are left, by id."""
        self._run()
        return pl.scan_parquet([part.path for part in self._parts])

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Name → type."""
        self._run()
        return dict(pl.read_parquet_schema(self._parts[0].path))

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows that are left, by id, part after part; narrow if `columns` are given."""
        self._run()
        what = f"{'rows' if columns is None else ', '.join(columns[:3])} of {len(self._parts)} parts"
        for part in track(self._parts, what, len(self._parts)):
            yield pl.read_parquet(part.path, columns=None if columns is None else list(columns))

    def column(self, name: str) -> pl.Series:
        """One column as a whole; for narrow ones."""
        return pl.concat([frame[name] for frame in self.batches([name])])

    def take(self, rows: Rows, columns: Sequence[str]) -> pl.DataFrame:
        """These rows (sorted numbers, from 0), in this order."""
        self._run()
        found = []
        for part in self._parts:
            low, high = np.searchsorted(rows, [part.first, part.first + part.rows])
            if low < high or part is self._parts[0]:
                found.append(pl.read_parquet(part.path, columns=list(columns))[rows[low:high] - part.first])
        return pl.concat(found)

    def change(self, *columns: pl.Expr) -> None:
        """Adds or replaces columns; each value depends on its own row alone."""
        _check(columns)
        self._waiting.append(Change(partial(_with_columns, list(columns))))

    def drop(self, *columns: str) -> None:
        """Takes columns out."""
        self._waiting.append(Change(partial(_without, columns)))

    def map(self, function: Function, *, here: bool = False) -> None:
        """Changes the rows by a function of a frame that gives as many rows, each from its own row alone.

        Args:
            function: of a module's level, or a `partial` of one: workers get it by its name.
            here: in this process, whatever the number of workers, for what cannot be sent to another.
        """
        if here and self._workers > 1:
            self._run()
            self._waiting.append(Change(function))
            self._run(workers=1)
            return
        self._waiting.append(Change(function))

    def expand(self, function: Function) -> None:
        """Makes of each row one or more, whose ids follow from the row's own; in this process."""
        self._run()
        self._waiting.append(Expand(function))
        self._run(workers=1)
        made, self._parts = self._parts, in_order(self._parts, self._next_folder(), self._batch_rows)
        if self._parts != made:
            shutil.rmtree(made[0].path.parent)

    def reject(self, reason: str, detail: pl.Expr) -> None:
        """Takes out the rows whose `detail` (str, from the row alone) is not null; it says what is wrong with it."""
        _check([detail])
        self._waiting.append(Reject(reason, detail.cast(pl.String)))

    def reject_rows(self, reason: str, rows: Rows, detail: pl.Series) -> None:
        """Takes out these rows (sorted numbers, from 0), each with its detail (str)."""
        self.attach("_detail", detail, rows)
        self.reject(reason, pl.col("_detail"))
        self.drop("_detail")

    def attach(self, name: str, values: Rows | pl.Series, rows: Rows | None = None, base: str = "") -> None:
        """Adds a column of the rows that are left.

        Args:
            values: one per row; or one for each of `rows`.
            rows: sorted numbers, from 0; the others get null, or their value of the column `base`.
        """
        if any(isinstance(one, Reject) for one in self._waiting):
            self._run()
        series = values if isinstance(values, pl.Series) else pl.Series(name, values)
        self._waiting.append(Attach(name, series, rows, base))

    def rejected(self) -> Iterator[pl.DataFrame]:
        """Every rejected row: id, reason, detail, row (JSON of its other columns); by id, in parts."""
        self._run()
        empty = pl.DataFrame(schema=REJECTED_SCHEMA)
        read = spill((pl.read_parquet(path) for path in self._rejected), self._next_folder(), self._batch_rows)
        ordered = in_order(read, self._next_folder(), self._batch_rows)
        yield empty
        yield from (pl.read_parquet(part.path) for part in ordered)

    def _run(self, workers: int | None = None) -> None:
        """Does what waits, in one pass."""
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        folder, workers = self._next_folder(), workers or self._workers
        folder.mkdir()
        jobs = [([one.of(part) for one in waiting], part, number, folder) for number, part in enumerate(self._parts)]
        what = ", ".join(dict.fromkeys(one.reason for one in waiting if isinstance(one, Reject))) or "rows"
        if workers == 1 or len(jobs) == 1:
            done = [one_pass(*job) for job in track(jobs, f"{what}, parts", len(jobs))]
        else:
            futures = [self._helpers.submit(one_pass, *job) for job in jobs]
            done = [one.result() for one in track(futures, f"{what}, parts", len(futures))]
        self._note([one.reason for one in waiting if isinstance(one, Reject)], done)
        self.added += sum(one.added for one in done)
        old = self._parts
        heights = [one.height for one in done]
        firsts = accumulate(heights, initial=0)
        self._parts = [
            Part(one.path, first, one.height) for one, first in zip(done, firsts, strict=False) if one.height
        ] or [Part(done[0].path, 0, 0)]
        if old:
            shutil.rmtree(old[0].path.parent)

    @cached_property
    def _helpers(self) -> ProcessPoolExecutor:
        """The workers; they end with the store."""
        return ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"))

    def _note(self, reasons: list[str], done: list[Done]) -> None:
        for i, reason in enumerate(reasons):
            before, out = (sum(one.counts[i][j] for one in done) for j in (0, 1))
            self.steps.append(Step(reason, before, out))
        self._rejected += [path for one in done for path in one.rejected]

    def _next_folder(self) -> Path:
        self._passes += 1
        return self.folder / f"{self._passes:03}"

    def _refuse_repeated_ids(self) -> None:
        last = None
        for frame in self.batches(["id"]):
            ids = frame["id"]
            same = ids.eq_missing(ids.shift(1, fill_value=last)) if ids.len() else ids.is_null()
            if (row := same.arg_true()).len() and not (row[0] == 0 and last is None):
                raise ShipworthyError(f"The source has two rows with the id '{ids[int(row[0])]}': ids must be unique.")
            last = ids[-1] if ids.len() else last


def _with_columns(columns: list[pl.Expr], frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(columns)


def _without(columns: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop(columns)


def _check(columns: Sequence[pl.Expr]) -> None:
    """Nothing may look beyond its row, for the rows come in parts."""
    for one in columns:
        assert one.meta.is_row_separable(), f"looks at other rows: {one}"
        _check(one.meta.pop())
