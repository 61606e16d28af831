"""Parquet, a row group at a time."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import polars as pl
from pyarrow.parquet import ParquetFile

from shipworthy.data.formats.batch import Batch, Written

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → typed values, `rows` at a time."""
    with ParquetFile(path) as file:
        for part in file.iter_batches(batch_size=rows):
            yield Batch.of(cast(pl.DataFrame, pl.from_arrow(part)))
