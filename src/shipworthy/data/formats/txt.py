"""Text files of which each line is a row; the columns `folder` and `file` name its place: a folder can be a class."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int) -> Iterator[Batch]:
    """The columns `text`, `file` (its name) and `folder` (its folder's name); not empty lines."""
    for lines in pl.scan_lines(path, name="text").collect_batches(chunk_size=rows, maintain_order=True):
        kept = lines.filter(pl.col("text").str.strip_chars() != "")
        yield Batch.of(kept.with_columns(file=pl.lit(path.name), folder=pl.lit(path.parent.name)))
