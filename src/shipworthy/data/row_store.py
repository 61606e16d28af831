"""A store of rows on disk, with the rows that are left and those that were rejected, each with its reason.

The rows are in parquet parts, sorted by id. Operations on single rows (`change`, `reject`, `map`) are lazy: they are
queued, and applied part by part in one pass when rows are read. What needs all rows at once is computed from a few
columns and attached as an array with one value per row (`attach`, `reject_rows`).
"""

import multiprocessing
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cached_property, partial
from itertools import accumulate
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import track
from shipworthy.data.parts import BATCH_ROWS, Part, sort_by_id, spill
from shipworthy.data.row_operations import (
    Attach,
    Change,
    Expand,
    Function,
    Operation,
    PartResult,
    Reject,
    StepCount,
    apply_to_part,
)
from shipworthy.models import parquet

REJECTED_SCHEMA = {"id": pl.String, "reason": pl.String, "detail": pl.String, "row": pl.String}
Rows = np.ndarray[Any, Any]


class RowStore:
    """The rows that are left; every rejected row is kept with its reason.

    Args:
        rows: frames with a unique `id` (str), in any order; columns whose names begin with _ are temporary.
        folder: an empty or new folder for the parts.
        batch_rows: rows of a part.
        workers: processes that apply operations on single rows.

    Attributes:
        total: rows at the beginning.
        added: rows that `expand` added.

    Raises:
        ShipworthyError: two rows have the same id.
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
        self._parts = sort_by_id(read, self._next_folder(), batch_rows)
        if self._parts and self._parts[0].path.parent != read[0].path.parent:
            shutil.rmtree(read[0].path.parent)
        self._pending: list[Operation] = []
        self._rejected: list[Path] = []
        self._steps: list[StepCount] = []
        self.added = 0
        self.total = self.height
        self._refuse_repeated_ids("The source has two rows with the id")

    @property
    def height(self) -> int:
        """How many rows are left."""
        self._run()
        return sum(part.rows for part in self._parts)

    @property
    def steps(self) -> list[StepCount]:
        """Every rejecting step so far, with its counts."""
        self._run()
        return self._steps

    @property
    def rows(self) -> pl.LazyFrame:
        """The rows that are left, by id."""
        return parquet.scan(self.files)

    @property
    def files(self) -> list[Path]:
        """The parquet files of the rows that are left, by id; the next operation replaces them."""
        self._run()
        return [part.path for part in self._parts]

    @property
    def columns(self) -> dict[str, pl.DataType]:
        """Name → type."""
        self._run()
        return parquet.schema(self._parts[0].path)

    def batches(self, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
        """The rows that are left, by id, part by part; all columns, or only `columns`."""
        self._run()
        what = f"{'rows' if columns is None else ', '.join(columns[:3])} of {len(self._parts)} parts"
        for part in track(self._parts, what, len(self._parts)):
            yield parquet.read(part.path, columns)

    def column(self, name: str) -> pl.Series:
        """One column in memory."""
        return pl.concat([frame[name] for frame in self.batches([name])])

    def take(self, rows: Rows, columns: Sequence[str]) -> pl.DataFrame:
        """The rows with these numbers (sorted, from 0)."""
        self._run()
        found = []
        for part in self._parts:
            low, high = np.searchsorted(rows, [part.first, part.first + part.rows])
            if low < high or part is self._parts[0]:
                found.append(parquet.read(part.path, columns)[rows[low:high] - part.first])
        return pl.concat(found)

    def change(self, *columns: pl.Expr) -> None:
        """Adds or replaces columns; each value depends on its own row alone."""
        _check(columns)
        self._pending.append(Change(partial(_with_columns, list(columns))))

    def drop(self, *columns: str) -> None:
        """Removes columns."""
        self._pending.append(Change(partial(_without, columns)))

    def map(self, function: Function, *, in_this_process: bool = False) -> None:
        """Changes the rows by a function of a frame that gives as many rows, each from its own row alone.

        Args:
            function: of a module's level, or a `partial` of one: workers get it by its name.
            in_this_process: whether no worker is used, for functions that cannot be pickled.
        """
        if in_this_process and self._workers > 1:
            self._run()
            self._pending.append(Change(function))
            self._run(workers=1)
            return
        self._pending.append(Change(function))

    def expand(self, function: Function) -> None:
        """Replaces each row by one or more, whose ids are derived from the row's id; in this process.

        Raises:
            ShipworthyError: a derived id is that of another row.
        """
        self._run()
        self._pending.append(Expand(function))
        self._run(workers=1)
        made, self._parts = self._parts, sort_by_id(self._parts, self._next_folder(), self._batch_rows)
        if self._parts != made:
            shutil.rmtree(made[0].path.parent)
        self._refuse_repeated_ids("A row that is made of another has an id that the source has")

    def reject(self, reason: str, detail: pl.Expr) -> None:
        """Rejects the rows whose `detail` (str, computed from the row alone) is not null; it says what is wrong."""
        _check([detail])
        self._pending.append(Reject(reason, detail.cast(pl.String)))

    def reject_rows(self, reason: str, rows: Rows, detail: pl.Series) -> None:
        """Rejects the rows with these numbers (sorted, from 0), each with its detail (str)."""
        self.attach("_detail", detail, rows)
        self.reject(reason, pl.col("_detail"))
        self.drop("_detail")

    def reject_ids(self, reason: str, details: Sequence[Part]) -> None:
        """Rejects the rows with these ids.

        Args:
            details: rows with id and detail (str), by id; ids of other rows do not matter.
        """
        if not details:
            return
        self._run()
        self.map(partial(_with_details, [(*_ends(part.path), part.path) for part in details if part.rows]))
        self.reject(reason, pl.col("_detail"))
        self.drop("_detail")
        self._run()  # the parts need not be there any longer

    def attach(self, name: str, values: Rows | pl.Series, rows: Rows | None = None, base: str = "") -> None:
        """Adds a column of the rows that are left.

        Args:
            values: one per row; or one for each of `rows`.
            rows: sorted numbers, from 0; the others get null, or their value of the column `base`.
        """
        if any(isinstance(one, Reject) for one in self._pending):
            self._run()
        series = values if isinstance(values, pl.Series) else pl.Series(name, values)
        self._pending.append(Attach(name, series, rows, base))

    def rejected(self) -> Iterator[pl.DataFrame]:
        """Every rejected row: id, reason, detail, row (JSON of its other columns); by id, in parts."""
        self._run()
        empty = pl.DataFrame(schema=REJECTED_SCHEMA)
        read = spill((parquet.read(path) for path in self._rejected), self._next_folder(), self._batch_rows)
        ordered = sort_by_id(read, self._next_folder(), self._batch_rows)
        yield empty
        yield from (parquet.read(part.path) for part in ordered)

    def _run(self, workers: int | None = None) -> None:
        """Applies the queued operations, in one pass."""
        if not self._pending:
            return
        pending, self._pending = self._pending, []
        folder, workers = self._next_folder(), workers or self._workers
        folder.mkdir()
        jobs = [
            ([one.for_part(part) for one in pending], part, number, folder) for number, part in enumerate(self._parts)
        ]
        what = ", ".join(dict.fromkeys(one.reason for one in pending if isinstance(one, Reject))) or "rows"
        if workers == 1 or len(jobs) == 1:
            done = [apply_to_part(*job) for job in track(jobs, f"{what}, parts", len(jobs))]
        else:
            futures = [self._pool.submit(apply_to_part, *job) for job in jobs]
            done = [one.result() for one in track(futures, f"{what}, parts", len(futures))]
        self._record([one.reason for one in pending if isinstance(one, Reject)], done)
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
    def _pool(self) -> ProcessPoolExecutor:
        """The worker processes; they end with the store."""
        return ProcessPoolExecutor(self._workers, multiprocessing.get_context("spawn"))

    def _record(self, reasons: list[str], done: list[PartResult]) -> None:
        self._steps += [StepCount.of(reason, i, done) for i, reason in enumerate(reasons)]
        self._rejected += [path for one in done for path in one.rejected]

    def _next_folder(self) -> Path:
        self._passes += 1
        return self.folder / f"{self._passes:03}"

    def _refuse_repeated_ids(self, what: str) -> None:
        last = None
        for frame in self.batches(["id"]):
            ids = frame["id"]
            same = ids.eq_missing(ids.shift(1, fill_value=last)) if ids.len() else ids.is_null()
            if (row := same.arg_true()).len() and not (row[0] == 0 and last is None):
                raise ShipworthyError(f"{what} '{ids[int(row[0])]}': ids must be unique.")
            last = ids[-1] if ids.len() else last


def _with_columns(columns: list[pl.Expr], frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_columns(columns)


def _without(columns: Sequence[str], frame: pl.DataFrame) -> pl.DataFrame:
    return frame.drop(columns)


def _ends(path: Path) -> tuple[str, str]:
    ids = parquet.read(path, ["id"])["id"]
    return ids[0], ids[-1]


def _with_details(files: Sequence[tuple[str, str, Path]], frame: pl.DataFrame) -> pl.DataFrame:
    """Adds `_detail` from files that are sorted by id, each with its first and last id."""
    empty = pl.DataFrame(schema={"id": pl.String, "detail": pl.String})
    low, high = (frame["id"][0], frame["id"][-1]) if frame.height else ("", "")
    told = [parquet.read(path) for first, last, path in files if first <= high and low <= last]
    found = pl.concat([empty, *told]).rename({"detail": "_detail"})
    return frame.join(found, on="id", how="left", maintain_order="left")


def _check(columns: Sequence[pl.Expr]) -> None:
    """Asserts that expressions depend on single rows: the rows are processed in parts."""
    for one in columns:
        assert one.meta.is_row_separable(), f"looks at other rows: {one}"
        _check(one.meta.pop())
