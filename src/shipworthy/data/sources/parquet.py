"""What a hub or a database gives, as one parquet file."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say, track

GROUP_ROWS = 50_000
"""Rows of a row group; the same rows give the same bytes."""


def keep(tables: Iterable[Any], folder: Path, where: str) -> Path:
    """Writes Arrow tables as a file in `folder`.

    Args:
        where: names the source.

    Raises:
        ShipworthyError: there are no rows.
    """
    target = folder / "rows.parquet"
    rows, writer = 0, None
    for table in track(_of_size(tables), f"{where}, {GROUP_ROWS:,} rows each", total=None):
        writer = writer or ParquetWriter(target, table.schema, compression="zstd")
        writer.write_table(table.cast(writer.schema))
        rows += table.num_rows
    if writer is None or not rows:
        raise ShipworthyError(f"{where} gives no rows: check the config.")
    writer.close()
    say(f"{where}: {rows:,} rows")
    return target


def _of_size(tables: Iterable[Any]) -> Iterator[Any]:
    """The same rows in tables of GROUP_ROWS."""
    waiting = None
    for table in tables:
        waiting = table if waiting is None else pa.concat_tables([waiting, table])
        while waiting.num_rows >= GROUP_ROWS:
            yield waiting.slice(0, GROUP_ROWS)
            waiting = waiting.slice(GROUP_ROWS)
    if waiting is not None and waiting.num_rows:
        yield waiting
