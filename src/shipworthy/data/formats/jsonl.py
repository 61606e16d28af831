"""JSON: an object per line, objects one after the other, one array of objects, or a table in one object."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say_once
from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.pandas_json import rows_of, wrapped
from shipworthy.data.text_files import beginning, open_text
from shipworthy.models.json_row import DECODER, TwiceError, loads

SPARSE = True
UNTYPED = False
HALF = re.compile("[\ud800-\udfff]")
"""Half of a character beyond 16 bits, which JSON may hold and no text can."""
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
REPLACEMENT = "\ufffd"
BETWEEN = re.compile(r"[\s,]*")
HEAD = 4096
"""Characters that say whether a file is an array or lines of objects."""


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → values as JSON has them, `rows` at a time; a key that an object lacks is None.

    Raises:
        ShipworthyError: a line, or a member of the array, is no JSON object.
    """
    by_line = _is_by_line(beginning(path, written.encoding, HEAD))
    with open_text(path, written.encoding) as file:
        objects = _of_one(_objects(file, path) if by_line else _members(file.read(), path), path)
        while part := list(islice(objects, rows)):
            names = dict.fromkeys(name for one in part for name in one)
            yield Batch(len(part), {name: [one.get(name) for one in part] for name in names})


def _is_by_line(head: str) -> bool:
    """Whether each line holds an object; not if an array begins, or an object that goes on on the next line."""
    head = head.lstrip()
    first, end, _ = head.partition("\n")
    if head.startswith("[") or not end:
        return not head.startswith("[")
    try:
        DECODER.decode(first)
    except json.JSONDecodeError as error:
        return error.pos < len(first.rstrip())
    except (ValueError, RecursionError):  # the line is whole; who reads it says what is wrong
        pass
    return True


def _objects(file: TextIO, path: Path) -> Iterator[dict[str, Any]]:
    """The objects in turn. JSON ends lines with line feeds alone: text may hold every other separator."""
    for number, line in enumerate(_lines(file)):
        if bare := line.strip().removesuffix(","):
            where = f"{path} cannot be read: line {number + 1}"
            yield _checked(_decoded(bare, where), where)


def _members(text: str, path: Path) -> Iterator[dict[str, Any]]:
    """The members of an array, or objects one after the other; a comma may stand after the last one."""
    array = text.lstrip().startswith("[")
    place, number, what = text.find("[") + 1 if array else 0, 0, "member" if array else "object"
    while (place := _next(text, place)) < len(text) and not (array and text[place] == "]"):
        number += 1
        with _no_json(f"{path} cannot be read: {what} {number}"):
            value, place = DECODER.raw_decode(text, place)
        yield _checked(_mended(value), f"{path} cannot be read: {what} {number}")
    if array and text[place:].strip() != "]":
        raise ShipworthyError(f"{path} cannot be read: its array has no end, or something comes after it.")


def _next(text: str, place: int) -> int:
    """Where the next value begins, after white space and commas."""
    found = BETWEEN.match(text, place)
    assert found is not None
    return found.end()


def _of_one(objects: Iterator[dict[str, Any]], path: Path) -> Iterator[dict[str, Any]]:
    """The same; the rows of a table, if one object is all there is and it holds a table (see pandas_json.py)."""
    first, second = next(objects, None), next(objects, None)
    if first is None:
        return
    rows = rows_of(first) if second is None else None
    if rows is not None:
        say_once(f"{path}: read as a table that pandas wrote in one object: {len(rows)} rows")
        yield from rows
        return
    if second is None and (found := wrapped(first)):
        key, rows = found
        say_once(f"{path}: read as the list below its key '{key}': {len(rows)} rows")
        yield from rows
        return
    yield first
    if second is not None:
        yield second
        yield from objects


def _lines(file: TextIO) -> Iterator[str]:
    """Lines that end with line feeds, with a carriage return before them or not, or with carriage returns alone."""
    rest = ""
    for piece in file:  # ends at \r, too
        rest += piece
        if piece.endswith("\n") or (piece.endswith("\r") and _is_whole(rest)):
            yield rest
            rest = ""
    if rest:
        yield rest


def _is_whole(text: str) -> bool:
    return text.rstrip().endswith("}")


@contextmanager
def _no_json(where: str) -> Iterator[None]:
    """One sentence for what is no JSON."""
    try:
        yield
    except TwiceError as error:
        raise ShipworthyError(f"{where} names the key '{error}' twice: rename one.") from error
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise ShipworthyError(f"{where} is no JSON ({said}).") from error


def _decoded(text: str, where: str) -> Any:
    with _no_json(where):
        value = loads(text)
    return _mended(value) if ESCAPED_HALF.search(text) else value


def _checked(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ShipworthyError(f"{where} is no JSON object, with a value per column.")
    return value


def _mended(value: Any) -> Any:
    """The value with the replacement character for each half of one, by which the cleaners know it as damaged."""
    match value:
        case str():
            return HALF.sub(REPLACEMENT, value)
        case list():
            return [_mended(one) for one in value]
        case dict():
            return {HALF.sub(REPLACEMENT, key): _mended(one) for key, one in value.items()}
        case _:
            return value
