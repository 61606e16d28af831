"""CSV with column names in the first row, as RFC 4180 and what spreadsheets, Spark and PowerShell make of it."""

import csv
import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.csv_dialect import Dialect, dialect_of
from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import open_text

SPARSE = False
UNTYPED = True


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → values as text, `rows` at a time; an empty cell is null, quoted or not, and empty lines are no rows.

    Raises:
        ShipworthyError: a row has not as many cells as there are columns, or is not quoted as CSV is.
    """
    csv.field_size_limit(sys.maxsize)
    dialect = dialect_of(path, written.encoding, written.delimiter)
    with open_text(path, written.encoding) as file:
        records = _records(dialect.records(file), path, dialect)
        names = next(records)
        _check_names(names, path)
        while part := list(islice(records, rows)):
            columns = (pl.Series(cells, dtype=pl.String) for cells in zip(*part, strict=True))
            yield Batch(len(part), {n: cells.set(cells == "", None) for n, cells in zip(names, columns, strict=True)})


def _records(found: Iterator[list[str]], path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """The rows, each with as many cells as the first: empty ones at the end of a longer row go."""
    width, number = 0, 0
    try:
        for cells in found:
            if not cells:
                continue
            width = width or len(cells)
            if len(cells) > width and not any(cells[width:]):
                cells = cells[:width]  # noqa: PLW2901
            if len(cells) != width:
                raise ShipworthyError(
                    f"{path} cannot be read: row {number} has {len(cells)} cells, but there are {width} columns "
                    f"(with {dialect.shown} between them): put what holds that sign into quotes, or mend the row."
                )
            yield cells
            number += 1
    except csv.Error as error:
        raise ShipworthyError(
            f"{path} cannot be read: row {number} is not quoted as CSV is ({error}): a quote inside a quoted cell must "
            "be doubled, and the last one closed."
        ) from error
    if not width:
        raise ShipworthyError(f"{path} cannot be read: it holds no rows.")


def _check_names(names: list[str], path: Path) -> None:
    if twice := [name for name in names if names.count(name) > 1]:
        raise ShipworthyError(f"{path} cannot be read: two columns are called '{twice[0]}': rename one of them.")
