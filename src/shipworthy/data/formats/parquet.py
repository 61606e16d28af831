"""Parquet, a row group at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl
from pyarrow.parquet import ParquetFile

from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import HEAD_BYTES, refuse_no_text

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → typed values, `rows` at a time.

    Raises:
        ShipworthyError: it is something else; the sentence says what, if that is plain.
    """
    with path.open("rb") as raw:
        head = raw.read(HEAD_BYTES)
    if not head.startswith(b"PAR1"):
        refuse_no_text(path, head)
    with ParquetFile(path) as file:
        for part in file.iter_batches(batch_size=rows):
            yield Batch.of(cast(pl.DataFrame, pl.from_arrow(part)))
