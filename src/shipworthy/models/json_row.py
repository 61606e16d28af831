"""A value of JSON as it is in the file, in a data set as in a package, which carries this file.

A number with a point or an exponent knows how it was written, and an object that names a key twice is refused.
"""

import json
import sys
from collections.abc import Mapping
from typing import Any


class Decimal(float):
    """A number with a point, an exponent or more digits than Python reads that knows how it was written."""

    written: str

    def __new__(cls, written: str) -> "Decimal":
        """The number that `written` says."""
        number = super().__new__(cls, written)
        number.written = written
        return number


class TwiceError(ValueError):
    """An object names a key twice; the message is the key."""


def loads(text: str) -> Any:
    """The value that JSON text holds.

    Raises:
        TwiceError: an object in it names a key twice.
        ValueError: it is no JSON.
        RecursionError: it is nested too deep.
    """
    return DECODER.decode(text)


def dumps(row: Mapping[str, Any]) -> str:
    """An object that `loads` gave, as JSON on one line; its numbers stand as they were written."""
    items = (
        f"{json.dumps(name)}: {getattr(value, 'written', None) or json.dumps(value)}" for name, value in row.items()
    )
    return f"{{{', '.join(items)}}}"


def _whole(written: str) -> int | Decimal:
    most = sys.get_int_max_str_digits()
    return int(written) if not most or len(written) <= most else Decimal(written)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        raise TwiceError(next(name for name in names if names.count(name) > 1))
    return found


DECODER = json.JSONDecoder(parse_float=Decimal, parse_int=_whole, object_pairs_hook=_object)


def text_of(value: Any) -> str | None:
    """A value as text: itself, lists and objects as JSON; a number with a point as it was written, if that is known."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(getattr(value, "written", value))
        case list() | dict():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
