"""JSON lines in, one JSON line out for each: UTF-8 whatever the locale, and only a newline ends a line.

A line that cannot be answered gets {"error": why} in its place; the others are answered all the same. Packages carry
this file.
"""

import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, BinaryIO

from shipworthy.models.json_row import TwiceError, loads

BOM = b"\xef\xbb\xbf"
REFUSED = (ValueError, LookupError, TypeError, AttributeError)
"""What a model raises for a row that it cannot take."""

Row = dict[str, Any]
Ask = Callable[[Sequence[Row]], Sequence[Row]]


def parsed(number: int, line: bytes) -> Row | str:
    """The row on a line, or why there is none."""
    try:
        row = loads(line.removeprefix(BOM).decode("utf-8"))
        json.dumps(row, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError as error:
        return f"line {number} is not UTF-8 (byte {error.start + 1})"
    except UnicodeEncodeError as error:
        half = ord(error.object[error.start])
        return f"line {number} holds half of a pair of surrogates, \\u{half:04x}, which is no character"
    except TwiceError as error:
        return f"line {number} names the key '{error}' twice"
    except (ValueError, RecursionError) as error:
        return f"line {number} is no JSON: {error}"
    return row if isinstance(row, dict) else f"line {number} is no JSON object"


def answers(lines: Iterable[bytes], ask: Ask, at_once: int = 1000) -> Iterator[Row]:
    """The answer to each line that is not blank, in order.

    Args:
        lines: each up to its newline.
        ask: from rows to their answers; what it raises for one row is that row's error.
        at_once: how many it is asked (rows).
    """
    rows = (parsed(number, line) for number, line in enumerate(lines, 1) if line.removeprefix(BOM).strip())
    while batch := list(itertools.islice(rows, at_once)):
        given = iter(_asked([row for row in batch if isinstance(row, dict)], ask))
        for row in batch:
            yield next(given) if isinstance(row, dict) else {"error": row}


def _asked(rows: Sequence[Row], ask: Ask) -> Sequence[Row]:
    try:
        return ask(rows) if rows else []
    except REFUSED as error:
        if len(rows) == 1:
            return [{"error": said(error)}]
        return [answer for row in rows for answer in _asked([row], ask)]


def said(error: BaseException) -> str:
    """An error in words."""
    return f"{type(error).__name__}: {error}" if isinstance(error, LookupError | TypeError) else str(error)


def write(answer: Row, stream: BinaryIO) -> None:
    """Writes one answer as a line of JSON."""
    stream.write((json.dumps(answer, ensure_ascii=False) + "\n").encode("utf-8", errors="backslashreplace"))
    stream.flush()


def answer_all(lines: Iterable[bytes], stream: BinaryIO, ask: Ask, at_once: int = 1000) -> tuple[int, int]:
    """Answers every line on `stream`; how many have an answer, and how many an error."""
    counts = [0, 0]
    for answer in answers(lines, ask, at_once):
        write(answer, stream)
        counts["error" in answer] += 1
    return counts[0], counts[1]


def row_of(values: Sequence[str]) -> Row:
    """The row that words `column=value` give.

    Raises:
        ValueError: a word is no such thing.
    """
    for value in values:
        if "=" not in value:
            raise ValueError(f"'{value}' is not column=value")
    return dict(value.split("=", 1) for value in values)
