"""What a hub or a database gives, kept as one parquet file, whole or not at all, and checked against its pin."""

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import sha256_of_file
from shipworthy.core.progress import say, track

GROUP_ROWS = 50_000
"""Rows of a row group; the same rows give the same bytes."""


def keep(tables: Iterable[Any], target: Path, pinned: str, where: str) -> None:
    """Writes Arrow tables to `target`.

    Args:
        pinned: the sha256 that they must have (empty: any).
        where: names the source.

    Raises:
        ShipworthyError: there are no rows, or others than those that are pinned.
    """
    # Beside the folder, not in it: data/ is pinned as a whole.
    temporary = target.parent.resolve().parent / f".{target.name}.{os.getpid()}.tmp"
    rows, writer = 0, None
    try:
        for table in track(_of_size(tables), f"{where}, {GROUP_ROWS:,} rows each", total=None):
            writer = writer or ParquetWriter(temporary, table.schema, compression="zstd")
            writer.write_table(table.cast(writer.schema))
            rows += table.num_rows
        if writer is None or not rows:
            raise ShipworthyError(f"{where} gives no rows: check the config.")
        writer.close()
        if pinned and (found := sha256_of_file(temporary)) != pinned:
            raise ShipworthyError(
                f"{where} changed: its {rows:,} rows have sha256 {found}, but {pinned} is pinned as data.sha256; "
                "nothing was kept: pin the new hash if the change is meant, or ask for the revision that was pinned."
            )
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    say(f"{where}: {rows:,} rows")


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
