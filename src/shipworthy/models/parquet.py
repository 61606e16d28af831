"""Parquet files by their paths as they are: polars takes brackets, stars and question marks in a path for a pattern.

Whatever reads parquet reads it here; the linter refuses polars' own functions elsewhere.
"""

from collections.abc import Sequence
from pathlib import Path

import polars as pl

Paths = Path | list[Path]


def read(paths: Paths, columns: Sequence[str] | None = None) -> pl.DataFrame:
    """The rows of one file, or of several of one schema, in their order; all columns, or only `columns`."""
    return pl.read_parquet(paths, columns=None if columns is None else list(columns), glob=False)


def scan(paths: Paths) -> pl.LazyFrame:
    """The same, lazily."""
    return pl.scan_parquet(paths, glob=False)


def schema(path: Path) -> dict[str, pl.DataType]:
    """Column → type of a file."""
    return dict(scan(path).collect_schema())
