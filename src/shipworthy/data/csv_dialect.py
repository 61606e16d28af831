"""How a CSV file is written: what stands between its cells, and how a quote inside quotes is told from its end."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TextIO

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.text_files import beginning

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 1 << 20


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are read.

    Attributes:
        delimiter: between the cells.
        backslash: whether a backslash, not a second quote, protects a quote inside quotes, as Spark writes it.
        wrapped: whether each row as a whole stands once more in quotes.
        skipped: lines before the column names: Excel's `sep=;`, PowerShell's `#TYPE …`.
    """

    delimiter: str
    backslash: bool = False
    wrapped: bool = False
    skipped: int = 0

    @property
    def shown(self) -> str:
        """The delimiter, for messages."""
        return NAMES.get(self.delimiter, repr(self.delimiter))

    def records(self, file: TextIO) -> Iterator[list[str]]:
        """The cells of each row.

        Raises:
            csv.Error: a quote that is not where quotes stand.
        """
        for _ in range(self.skipped):
            file.readline()
        read = self._reader(file)
        if not self.wrapped:
            return iter(read)
        return (next(iter(self._reader([row[0]]))) if len(row) == 1 else row for row in read)

    def _reader(self, lines: Iterator[str] | TextIO | list[str]) -> Iterator[list[str]]:
        if self.backslash:
            return csv.reader(lines, delimiter=self.delimiter, doublequote=False, escapechar="\\", strict=True)
        return csv.reader(lines, delimiter=self.delimiter, strict=True)


def dialect_of(path: Path, encoding: str, delimiter: str = "") -> Dialect:
    """How the file is written, from its first rows.

    Args:
        encoding: of the file (empty: found out).
        delimiter: what the config says (empty: found out).

    Raises:
        ShipworthyError: it is empty.
    """
    sample = beginning(path, encoding, SAMPLE_CHARACTERS)
    if not sample.strip():
        raise ShipworthyError(f"{path} cannot be read: it holds no rows.")
    first = next(iter(io.StringIO(sample))).strip()
    skipped = 0
    if first.lower().startswith("sep=") and len(first) <= len("sep=;"):
        delimiter, skipped = delimiter or first[len("sep=") :] or "\t", 1
    elif first.startswith("#TYPE "):
        skipped = 1
    whole = len(sample) < SAMPLE_CHARACTERS
    tried = [
        Dialect(sign, backslash, wrapped, skipped)
        for backslash in ((False, True) if '\\"' in sample else (False,))
        for sign in ([delimiter] if delimiter else DELIMITERS)
        for wrapped in (False, True)
    ]
    return max(tried, key=lambda one: _fit(one, sample, whole=whole))  # of equals the first


def _fit(dialect: Dialect, sample: str, *, whole: bool) -> tuple[bool, bool, int, bool]:
    """How well a dialect explains the sample: no error, several cells in each row, how many columns, as many cells."""
    try:
        rows = list(islice(dialect.records(io.StringIO(sample, newline="")), SAMPLE_ROWS))
    except csv.Error:
        return False, False, 0, False
    widths = [len(row) for row in (rows if whole or len(rows) == SAMPLE_ROWS else rows[:-1]) if row]
    alike = len(set(widths)) == 1
    several = alike and widths[0] > 1
    if dialect.wrapped and not several:
        return False, False, 0, False
    return True, several, widths[0] if widths else 0, alike
