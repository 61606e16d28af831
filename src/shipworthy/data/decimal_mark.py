"""What stands before the decimals of numbers in a CSV file: a point, or the comma of many languages."""

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar

from shipworthy.core.progress import say
from shipworthy.data.csv_dialect import SAMPLE_ROWS, dialect_of
from shipworthy.data.formats.batch import Written
from shipworthy.data.schema import Data, ending
from shipworthy.data.text_files import open_text
from shipworthy.models.raw_rows import COMMA, POINT, SPACES, is_missing_number, shown_number

AnyData = TypeVar("AnyData", bound=Data)


def with_decimal_mark(config: AnyData, paths: list[Path]) -> AnyData:
    """The config with the decimal mark of its files, which it may leave open; it is said if it is a comma."""
    if config.decimal or not config.measures_any:
        return replace(config, decimal=config.decimal or POINT)
    csv = [path for path in paths if (config.format or ending(path.name)) == "csv"]
    written = Written(config.encoding, config.delimiter)
    for path in csv:
        if decimal_mark(path, written, config.markers, config.measures) == COMMA:
            say(f"{path}: numbers are read with a decimal comma; data.decimal=. says otherwise")
            return replace(config, decimal=COMMA)
    return replace(config, decimal=POINT)


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
    dialect = dialect_of(path, written.encoding, written.delimiter)
    if dialect.delimiter == COMMA:
        return POINT
    with open_text(path, written.encoding) as file:
        names, *rows = islice(dialect.records(file), SAMPLE_ROWS + 1)
    known = frozenset(markers)
    for name, cells in zip(names, zip(*rows, strict=False), strict=False):
        bare = {cell.strip(SPACES) for cell in cells if not is_missing_number(cell, known)}
        if not measures(name) or not any(re.search(r"[0-9],[0-9]", cell) for cell in bare):
            continue
        if all(shown_number(cell, COMMA) for cell in bare) and not all(shown_number(cell, POINT) for cell in bare):
            return COMMA
    return POINT
