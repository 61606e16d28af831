"""Text files of which each line is a row; the columns `folder` and `file` name its place: a folder can be a class."""

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import open_text

SPARSE = False
UNTYPED = False


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """The columns `text`, `file` (its name) and `folder` (its folder's name); not empty lines."""
    with open_text(path, written.encoding) as file:
        lines = (line.rstrip("\r\n") for line in file if line.strip())
        while part := list(islice(lines, rows)):
            texts = pl.DataFrame({"text": part}, schema={"text": pl.String})
            yield Batch.of(texts.with_columns(file=pl.lit(path.name), folder=pl.lit(path.parent.name)))
