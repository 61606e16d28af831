"""What stands before the decimals of numbers in a CSV file: a point, or the comma of many languages."""

import csv
import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from shipworthy.core.progress import say
from shipworthy.data.csv_dialect import SAMPLE_ROWS, EmptyFileError, dialect_of
from shipworthy.data.formats.batch import Written
from shipworthy.data.schema import Data, ending
from shipworthy.data.text_files import open_text
from shipworthy.models.raw_rows import COMMA, POINT, SPACES, column_name, is_missing_number, shown_number

UNREADABLE = (EmptyFileError, csv.Error, OSError, EOFError, ValueError, zlib.error)
AnyData = TypeVar("AnyData", bound=Data)


def with_decimal_mark(config: AnyData, paths: list[Path], number: str = "") -> AnyData:
    """The config with the decimal mark of its files, which it may leave open; it is said if it is a comma.

    Args:
        number: a column that is no feature and holds numbers all the same: the label of a regression (empty: none).
    """
    mark = mark_of(config, paths, number)
    if mark != POINT and not config.decimal:
        say(f"{paths[0]}: numbers are read with a decimal comma; data.decimal=. changes that")
    return replace(config, decimal=mark)


def mark_of(config: Data, paths: list[Path], number: str = "") -> str:
    """The decimal mark that the config names, else that of its files: `COMMA` if one of them is written so."""
    if config.decimal or not config.measures_any:
        return config.decimal or POINT
    written = Written(config.encoding, config.delimiter)
    found = (path for path in paths if (config.format or ending(path.name)) == "csv")

    def measures(name: str) -> bool:
        return config.measures(name) or (number != "" and name == number)

    commas = (decimal_mark(path, written, config.markers, measures) == COMMA for path in found)
    return COMMA if any(commas) else POINT


def decimal_mark(path: Path, written: Written, markers: Iterable[str], measures: Callable[[str], bool]) -> str:
    """`COMMA`, if cells are not parted by commas and a column reads as numbers with it and not with a point.

    Args:
        path: a CSV file, of which the first rows are looked at.
        written: how.
        markers: the texts that stand for a missing value.
        measures: whether a column may hold numbers.

    Raises:
        ShipworthyError: the file is empty, or its text cannot be read.
    """
    try:
        dialect = dialect_of(path, written.encoding, written.delimiter)
        if dialect.delimiter == COMMA:
            return POINT
        with open_text(path, written.encoding) as file:
            names, *rows = islice(dialect.records(file), SAMPLE_ROWS + 1)
    except UNREADABLE:  # who reads the rows says why
        return POINT
    known = frozenset(markers)
    for name, cells in zip(names, zip(*rows, strict=False), strict=False):
        bare = {cell.strip(SPACES) for cell in cells if not is_missing_number(cell, known)}
        if not measures(column_name(name)) or not any(re.search(r"[0-9],[0-9]", cell) for cell in bare):
            continue
        if all(shown_number(cell, COMMA) for cell in bare) and not all(shown_number(cell, POINT) for cell in bare):
            return COMMA
    return POINT
