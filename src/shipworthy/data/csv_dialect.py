"""How a CSV file is written: what is between its cells, and how a quote inside quotes is told from its end."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, takewhile
from pathlib import Path
from typing import NamedTuple, TextIO

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say_once
from shipworthy.data.text_files import beginning

DELIMITERS = (",", ";", "\t", "|")
NAMES = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
COMMENT = re.compile(r"\s*$|#(\W|.*\s\S)")
"""Nothing, or a comment: # and more than one word, which might be the name of a column."""
TYPED = "#TYPE "
"""How PowerShell's first line begins."""
SINGLE_QUOTED = re.compile(r"'[^'\n]*'([,;\t|]'[^'\n]*')+\r?\n")
"""A first line of which all cells are in single quotes."""
SPACE_AND_QUOTE = re.compile(r'[,;|] +"')
SPACED_CELL = re.compile(r' +"[^"]*"?')
"""What is left of a quoted cell where the space before it is taken for its first character."""
SAMPLE_ROWS = 200
SAMPLE_CHARACTERS = 1 << 20


class EmptyFileError(ShipworthyError):
    """A file that holds nothing."""


@dataclass(frozen=True)
class Dialect:
    """How the rows of a file are read.

    Attributes:
        delimiter: between the cells.
        backslash: whether a backslash, not a second quote, protects a quote inside quotes, as Spark writes it.
        wrapped: whether each row as a whole stands once more in quotes.
        skipped: lines before the column names: Excel's `sep=;`, PowerShell's `#TYPE …`, comments that begin with #.
        spaced: whether spaces follow the delimiter, before quotes, too.
        quote: what is around cells.
    """

    delimiter: str
    backslash: bool = False
    wrapped: bool = False
    skipped: int = 0
    spaced: bool = False
    quote: str = '"'

    @property
    def shown(self) -> str:
        """The delimiter, for messages."""
        return NAMES.get(self.delimiter, repr(self.delimiter))

    def records(self, file: TextIO) -> Iterator[list[str]]:
        """The cells of each row; an empty line is none.

        Raises:
            csv.Error: a quote that is not where quotes stand.
        """
        for _ in range(self.skipped):
            file.readline()
        read = (row for row in self._reader(file) if row)
        if not self.wrapped:
            return read
        return (next(iter(self._reader([row[0]]))) if len(row) == 1 else row for row in read)

    def _reader(self, lines: Iterator[str] | TextIO | list[str]) -> Iterator[list[str]]:
        return csv.reader(
            lines,
            delimiter=self.delimiter,
            doublequote=not self.backslash,
            escapechar="\\" if self.backslash else None,
            skipinitialspace=self.spaced,
            quotechar=self.quote,
            strict=True,
        )


def dialect_of(path: Path, encoding: str, delimiter: str = "") -> Dialect:
    """How the file is written, from its first rows.

    Args:
        encoding: of the file (empty: found out).
        delimiter: what the config says (empty: found out).

    Raises:
        EmptyFileError: it is empty.
    """
    sample = beginning(path, encoding, SAMPLE_CHARACTERS)
    if not sample.strip():
        raise EmptyFileError(f"{path} cannot be read: it holds no rows.")
    delimiter, (least, *most) = _before_names(sample, delimiter)
    whole = len(sample) < SAMPLE_CHARACTERS
    found, fit = _best(_dialects(sample, delimiter, least), sample, whole=whole)
    for skipped in () if fit.several else most:
        other, fit = _best(_dialects(sample, delimiter, skipped), sample, whole=whole)
        found = other if fit.several else found
    if found.skipped and sample.startswith("#") and not sample.startswith(TYPED):
        say_once(f"{path}: what begins with # before the names of the columns is left out (lines: {found.skipped})")
    return found


def _dialects(sample: str, delimiter: str, skipped: int) -> list[Dialect]:
    """Those that may explain the sample, the plainest first, but for quotes that the names of the columns have."""
    return [
        Dialect(sign, backslash, wrapped, skipped, spaced, quote)
        for quote in ("'", '"')
        if quote == '"' or SINGLE_QUOTED.match(sample)
        for backslash in ((False, True) if f"\\{quote}" in sample else (False,))
        for sign in ([delimiter] if delimiter else DELIMITERS)
        for spaced in ((False, True) if SPACE_AND_QUOTE.search(sample) else (False,))
        for wrapped in (False, True)
    ]


def _best(tried: list[Dialect], sample: str, *, whole: bool) -> tuple[Dialect, "_Fit"]:
    """The one that explains the sample best, of equals the first."""
    fits = [_fit(one, sample, whole=whole) for one in tried]
    best = max(range(len(tried)), key=fits.__getitem__)
    return tried[best], fits[best]


def _before_names(sample: str, delimiter: str) -> tuple[str, list[int]]:
    """The delimiter that the first line may name, and how many lines may stand before the names of the columns.

    Of lines that begin with # all may be comments, or the last one may hold the names.
    """
    lines = list(islice(io.StringIO(sample), SAMPLE_ROWS))
    first = lines[0].strip()
    if first.lower().startswith("sep=") and len(first) <= len("sep=;"):
        return delimiter or first[len("sep=") :] or "\t", [1]
    if first.startswith(TYPED):
        return delimiter, [1]
    comments = len(list(takewhile(COMMENT.match, lines)))
    return delimiter, [0] if not comments else [comments - 1, comments]


class _Fit(NamedTuple):
    """How well a dialect explains a sample; the first counts most.

    Attributes:
        sound: whether there is no error.
        several: whether each row has several cells, equally many.
        plain: whether no cell begins with a space and a quote.
        columns: how many there are.
        alike: whether each row has equally many cells.
    """

    sound: bool
    several: bool = False
    plain: bool = False
    columns: int = 0
    alike: bool = False


def _fit(dialect: Dialect, sample: str, *, whole: bool) -> _Fit:
    try:
        rows = list(islice(dialect.records(io.StringIO(sample, newline="")), SAMPLE_ROWS))
    except csv.Error:
        return _Fit(sound=False)
    rows = rows if whole or len(rows) == SAMPLE_ROWS else rows[:-1]
    widths = [len(row) for row in rows]
    alike = len(set(widths)) == 1
    several = alike and widths[0] > 1
    if dialect.wrapped and not several:
        return _Fit(sound=False)
    plain = not any(SPACED_CELL.fullmatch(cell) for row in rows for cell in row)
    return _Fit(True, several, plain, widths[0] if widths else 0, alike)
