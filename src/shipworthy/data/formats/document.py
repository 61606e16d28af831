"""Text files of which each file is a row; the columns `folder` and `file` name its place: a folder can be a class."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int) -> Iterator[Batch]:
    """One row: `text`, `file` (its name) and `folder` (its folder's name)."""
    text = "\n".join(pl.scan_lines(path).collect()["line"])
    yield Batch.of(pl.DataFrame({"text": [text], "file": [path.name], "folder": [path.parent.name]}))
