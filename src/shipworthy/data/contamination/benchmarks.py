"""Reads files of evaluation texts."""

from collections.abc import Iterable
from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import project_root
from shipworthy.data.contamination.schema import Benchmark
from shipworthy.data.sources.files import frame_of
from shipworthy.data.text_files import open_text


def read(files: Iterable[Benchmark], column: str) -> dict[str, pl.LazyFrame]:
    """Each file's texts as rows with `id` (file:number of its row, from 1) and `column`, by the file's name.

    Raises:
        UsageError: a file is missing, of another format, damaged, or has no such column of texts.
    """
    found: dict[str, pl.LazyFrame] = {}
    for file in files:
        path = project_root() / Path(file.path).expanduser()
        if path.name in found:
            raise UsageError(f"data.contamination.benchmarks: two files are called {path.name}; rename one.")
        found[path.name] = _scan(file, path, column)
    return found


def _scan(file: Benchmark, path: Path, column: str) -> pl.LazyFrame:
    where = f"data.contamination.benchmarks: {path}"
    if not path.is_file():
        raise UsageError(f"{where} does not exist: give the path of a file.")
    lines = path.suffix == ".txt"
    if lines != (file.column == ""):
        raise UsageError(f"{where}: name its column of texts (and none for .txt), not '{file.column}'.")
    try:
        found = _lines(path) if lines else frame_of(path, {file.column: "string?"}).to_series().fill_null("")
    except ShipworthyError as error:
        raise UsageError(f"{where} can't be used ({error}): repair it, or take it out.") from error
    numbered = found.alias(column).to_frame().with_row_index("_row", offset=1)
    return numbered.select(pl.format("{}:{}", pl.lit(path.name), "_row").alias("id"), column).lazy()


def _lines(path: Path) -> pl.Series:
    """The lines of a text file, the empty ones too, so that their numbers are right."""
    with open_text(path) as file:
        return pl.Series([line.rstrip("\r\n") for line in file], dtype=pl.String)
