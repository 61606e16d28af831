"""CSV with column names in the first row, as RFC 4180 and what spreadsheets, Spark and PowerShell make of it."""

import csv
import sys
from collections.abc import Iterator
from itertools import islice, takewhile
from pathlib import Path

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say_once
from shipworthy.data.csv_dialect import Dialect, EmptyFileError, dialect_of
from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import open_text
from shipworthy.models.raw_rows import column_name

SPARSE = False
UNTYPED = True


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → values as text, `rows` at a time; an empty cell is null, quoted or not, and empty lines are no rows.

    An empty file holds none.

    Raises:
        ShipworthyError: a row has not as many cells as there are columns, or is not quoted as CSV is.
    """
    csv.field_size_limit(sys.maxsize)
    try:
        dialect = dialect_of(path, written.encoding, written.delimiter)
    except EmptyFileError:
        return
    with open_text(path, written.encoding) as file:
        names, records = _records(dialect.records(file), path, dialect)
        while part := list(islice(records, rows)):
            columns = (pl.Series(cells, dtype=pl.String) for cells in zip(*part, strict=True))
            yield Batch(len(part), {n: cells.set(cells == "", None) for n, cells in zip(names, columns, strict=True)})


def _records(found: Iterator[list[str]], path: Path, dialect: Dialect) -> tuple[list[str], Iterator[list[str]]]:
    """The names of the columns, and the rows, each with as many cells."""
    sound = _sound(found, path)
    header = next(sound, None)
    if header is None:
        raise ShipworthyError(f"{path} cannot be read: it holds no rows.")
    names = _named(header, path)
    return names, _of_width(sound, names, path, dialect)


def _sound(found: Iterator[list[str]], path: Path) -> Iterator[list[str]]:
    """The same, with one sentence where quotes stand wrong."""
    number = 0
    try:
        for cells in found:
            yield cells
            number += 1
    except csv.Error as error:
        raise ShipworthyError(
            f"{path} cannot be read: row {number} is not quoted as CSV is ({error}): a quote inside a quoted cell "
            "must be doubled, and the last one closed."
        ) from error


def _of_width(found: Iterator[list[str]], names: list[str], path: Path, dialect: Dialect) -> Iterator[list[str]]:
    """The rows without empty cells beyond the columns, and without those that repeat the columns' names."""
    width, called = len(names), [column_name(name) for name in names]
    there = f"are {width} columns" if width > 1 else "is 1 column"
    for number, cells in enumerate(found, 1):
        if len(cells) > width and not any(cells[width:]):
            cells = cells[:width]  # noqa: PLW2901
        elif len(cells) == width - 1 and not names[-1]:
            cells = [*cells, ""]  # noqa: PLW2901
        if len(cells) != width:
            raise ShipworthyError(
                f"{path} cannot be read: row {number} has {len(cells)} cells, but there {there} (with {dialect.shown} "
                "between them): put what holds that sign into double quotes, give every column a name in the first row "
                "and take out what comes before it, or mend the row."
            )
        if width > 1 and [column_name(cell) for cell in cells] == called:
            say_once(f"{path}: rows that repeat the names of the columns are left out (the first: row {number})")
            continue
        yield cells


def _named(header: list[str], path: Path) -> list[str]:
    """The names of the columns; of several without one at the end none is a column: spreadsheets write empty ones.

    Raises:
        ShipworthyError: two columns have the same name, or none.
    """
    names = [column_name(cell) for cell in header]
    nameless = len(list(takewhile(lambda name: not name, reversed(names))))
    if 1 < nameless < len(names):
        names = names[:-nameless]
    if names.count("") > 1:
        places = " and ".join(str(place) for place, name in enumerate(names, 1) if not name)
        raise ShipworthyError(
            f"{path} cannot be read: columns {places} have no name in the first row: give them one, or take out what "
            "stands before the row of names."
        )
    if twice := [name for name in names if names.count(name) > 1]:
        raise ShipworthyError(f"{path} cannot be read: two columns are called '{twice[0]}': rename one of them.")
    return header[: len(names)]
