"""Tables on disk, by the ending of their names."""

from collections.abc import Callable, Iterable
from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError

READERS: dict[str, Callable[[Path], pl.DataFrame]] = {
    ".jsonl": pl.read_ndjson,
    ".csv": pl.read_csv,
    ".parquet": pl.read_parquet,
}
# Names that a dataset gives to columns of its own.
RESERVED = ("id", "cluster", "split", "answer_ids", "prompt_ids")


def read_file(path: Path) -> pl.DataFrame:
    """The rows of a .jsonl, .csv or .parquet file, with an `id` that is the row's number.

    Raises:
        UsageError: another ending.
        ShipworthyError: the file cannot be read.
    """
    reader = READERS.get(path.suffix)
    if reader is None:
        raise UsageError(f"data.file={path.name}: give a file that ends in {', '.join(READERS)}.")
    try:
        rows = reader(path)
    except pl.exceptions.PolarsError as error:
        raise ShipworthyError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from error
    rows = rows.drop("id", strict=False)
    return rows.with_columns(pl.format("row-{}", pl.int_range(rows.height).cast(pl.String).str.zfill(8)).alias("id"))


def need(rows: pl.DataFrame, columns: Iterable[str], path: Path, settings: str) -> None:
    """Refuses a table that lacks a column, or that uses a name which the dataset gives itself.

    Raises:
        UsageError: one sentence with the column, and those that there are.
    """
    there = [name for name in rows.columns if name != "id"]
    for name in columns:
        if name not in there:
            raise UsageError(f"{path} has no column '{name}' (it has {', '.join(there)}): correct {settings}.")
        if name in RESERVED or name.startswith("_"):
            raise UsageError(f"{path}: the dataset keeps names such as '{name}' for itself: rename your column.")
