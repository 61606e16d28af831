"""Text of which each file is a row; `folder` and `file` say where it stands, so that a folder's name can be a class."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int) -> Iterator[Batch]:
    """One row: `text`, `file` (its name) and `folder` (the name of the folder that it lies in)."""
    text = "\n".join(pl.scan_lines(path).collect()["line"])
    yield Batch.of(pl.DataFrame({"text": [text], "file": [path.name], "folder": [path.parent.name]}))
