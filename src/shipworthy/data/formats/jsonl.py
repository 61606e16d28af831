"""JSON: an object per line, or one array of objects."""

import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any, TextIO

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.text_files import beginning, open_text
from shipworthy.models.json_row import TwiceError, loads

SPARSE = True
UNTYPED = False
HALF = re.compile("[\ud800-\udfff]")
"""Half of a character beyond 16 bits, which JSON may hold and no text can."""
ESCAPED_HALF = re.compile(r"\\u[dD][89a-fA-F]")
REPLACEMENT = "\ufffd"
HEAD = 4096
"""Characters that say whether a file is an array or lines of objects."""


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """Name → values as JSON has them, `rows` at a time; a key that an object lacks is None.

    Raises:
        ShipworthyError: a line, or a member of the array, is no JSON object.
    """
    array = beginning(path, written.encoding, HEAD).lstrip().startswith("[")
    with open_text(path, written.encoding) as file:
        objects = _objects(file, path, array=array)
        while part := list(islice(objects, rows)):
            names = dict.fromkeys(name for one in part for name in one)
            yield Batch(len(part), {name: [one.get(name) for one in part] for name in names})


def _objects(file: TextIO, path: Path, *, array: bool) -> Iterator[dict[str, Any]]:
    """The objects in turn. JSON ends lines with line feeds alone: text may hold every other separator."""
    if array:
        for place, value in enumerate(_decoded(file.read(), f"{path} cannot be read: it")):
            yield _checked(value, f"{path} cannot be read: member {place + 1}")
        return
    for number, line in enumerate(_lines(file)):
        if line.strip():
            where = f"{path} cannot be read: line {number + 1}"
            yield _checked(_decoded(line, where), where)


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


def _decoded(text: str, where: str) -> Any:
    try:
        value = loads(text)
    except TwiceError as error:
        raise ShipworthyError(f"{where} names the key '{error}' twice: rename one.") from error
    except (ValueError, RecursionError) as error:
        said = "it is nested too deep" if isinstance(error, RecursionError) else error
        raise ShipworthyError(f"{where} is no JSON ({said}).") from error
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
