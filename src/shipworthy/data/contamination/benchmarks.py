"""Reads files of evaluation texts."""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl
from polars.exceptions import PolarsError

from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root
from shipworthy.data.contamination.schema import Benchmark

FORMATS: dict[str, Callable[[Path], pl.LazyFrame]] = {
    ".jsonl": pl.scan_ndjson,
    ".csv": lambda path: pl.scan_csv(path, infer_schema=False),
    ".parquet": pl.scan_parquet,
    ".txt": lambda path: pl.LazyFrame({"": path.read_text(encoding="utf-8").removesuffix("\n").split("\n")}),
}


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
    if path.suffix not in FORMATS:
        raise UsageError(f"{where} is none of {', '.join(FORMATS)}: give one of these.")
    if not path.is_file():
        raise UsageError(f"{where} does not exist: give the path of a file.")
    if (path.suffix == ".txt") != (file.column == ""):
        raise UsageError(f"{where}: name its column of texts (and none for .txt), not '{file.column}'.")
    try:
        rows = FORMATS[path.suffix](path)
        schema = rows.collect_schema()
        if schema.get(file.column) != pl.String:
            raise UsageError(f"{where} has no column '{file.column}' of texts, but {', '.join(schema)}.")
        numbered = rows.select(pl.col(file.column).alias(column)).with_row_index("_row", offset=1)
        frame = numbered.select(pl.format("{}:{}", pl.lit(path.name), "_row").alias("id"), column)
        return frame.collect(engine="streaming").lazy()
    except (PolarsError, OSError, UnicodeError) as error:
        reason = str(error).partition("\n")[0]
        raise UsageError(f"{where} can't be read ({reason}): repair it, or take it out.") from error
