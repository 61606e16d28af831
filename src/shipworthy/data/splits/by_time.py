"""Split by time: validation is later than train, and test is later than validation.

Boundaries lie between two times, so that rows of the same time stay together. A group with rows on both sides of a
boundary would leak; its rows before the boundary are kept, and those after it are rejected.
"""

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.column_index import Rows
from shipworthy.data.columns import parse_iso
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits.schema import Split


def by_time(store: RowStore, group: Rows, config: Split) -> tuple[Rows, Rows]:
    """A split's number (0 train, 1 validation, 2 test) for each row, shape (n,), and the rows that are too late.

    Args:
        store: holds the column `config.time`, without nulls.
        group: the lowest row of each row's group; shape (n,).

    Raises:
        UsageError: a value is no time.
    """
    times = np.concatenate([times_of(frame[config.time]) for frame in store.batches([config.time])])
    ordered = np.sort(times)
    n = len(ordered)
    tested, validated = (max(1, round(part * n if part < 1 else part)) for part in (config.test, config.validation))
    codes = np.zeros(n, dtype=np.int8)
    end = n
    for size, code in ((tested, 2), (validated, 1)):
        if end <= 0:
            break
        border = ordered[max(0, end - size)]
        codes[(times >= border) & (codes == 0)] = code
        end = int(np.searchsorted(ordered, border))
    earliest = np.full(n, 3, dtype=np.int8)
    np.minimum.at(earliest, group, codes)
    return codes, np.flatnonzero(codes > earliest[group])


def times_of(column: pl.Series) -> Rows:
    """Times as numbers: microseconds of a date, or the number itself; shape (n,), int64 or float64.

    Raises:
        UsageError: text that is no ISO date or time.
    """
    if column.dtype.is_numeric():
        return column.cast(pl.Float64).to_numpy()
    if column.dtype == pl.String:
        parsed = column.to_frame().select(parse_iso(pl.col(column.name))).to_series()
        if (lost := (parsed.is_null() & column.is_not_null()).arg_true()).len():
            raise UsageError(f"data.split.time={column.name} holds '{column[int(lost[0])]}', which is no ISO time.")
        column = parsed
    return column.cast(pl.Datetime("us")).to_physical().to_numpy()
