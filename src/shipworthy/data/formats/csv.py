"""CSV with column names in the first line; .gz and .zst are decompressed while reading."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch

SPARSE = False
UNTYPED = True


def batches(path: Path, rows: int) -> Iterator[Batch]:
    """Name → values as text, `rows` at a time; an empty field is null."""
    for frame in pl.scan_csv(path, infer_schema=False).collect_batches(chunk_size=rows, maintain_order=True):
        yield Batch.of(frame)
