"""Text files of which each file is a row; the columns `folder` and `file` name its place: a folder can be a class."""

from collections.abc import Iterator
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import open_text

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """One row: `text` with line feeds at its lines' ends, `file` (its name) and `folder` (its folder's name)."""
    with open_text(path, written.encoding) as file:
        text = file.read().replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    yield Batch.of(pl.DataFrame({"text": [text], "file": [path.name], "folder": [path.parent.name]}))
