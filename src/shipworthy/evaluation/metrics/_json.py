"""JSON in answers and predictions."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

Path = tuple[str, ...]


def parse(text: str) -> Any:
    """The value.

    Raises:
        ValueError: it is no JSON (RFC 8259), or too deep.
    """
    try:
        return json.loads(text, parse_constant=_refuse)
    except RecursionError as error:
        raise ValueError("too deep") from error


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal: the order of keys does not count, and 1 is 1.0, but not true."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return bool(one == other)


def fields(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Each field that holds no further ones, with its path; a list is one value, and so is an empty object."""
    if isinstance(value, Mapping) and value:
        for key, one in value.items():
            yield from fields(one, (*path, key))
    else:
        yield path, value


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no JSON")
