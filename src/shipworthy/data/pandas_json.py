"""Tables that are in one JSON object: as `DataFrame.to_json` of pandas writes them, or as a list below a key."""

from collections.abc import Mapping
from typing import Any

from shipworthy.models.json_row import text_of

Rows = list[dict[str, Any]]
ROLES = frozenset({"system", "developer", "user", "assistant", "tool", "function"})
"""Who says the messages of a conversation, which are no rows."""


def rows_of(value: Mapping[str, Any]) -> Rows | None:
    """The rows of a table; None: the object is none.

    Args:
        value: `{column: {row: value}}`, `{row: {column: value}}` (one of which must be numbered),
            `{"columns": […], "index": […], "data": [[…]]}`, or `{"schema": {…}, "data": [{…}]}`.
    """
    if value.keys() in ({"columns", "data"}, {"columns", "index", "data"}):
        return _split(value["columns"], value["data"])
    if value.keys() == {"schema", "data"}:
        return _table(value["schema"], value["data"])
    inner = [one.keys() if isinstance(one, dict) else () for one in value.values()]
    if not inner or not inner[0] or any(keys != inner[0] for keys in inner):
        return None
    if all(name.isdecimal() for name in inner[0]):
        return [{column: cells[row] for column, cells in value.items()} for row in inner[0]]
    if all(name.isdecimal() for name in value):
        return [dict(row) for row in value.values()]
    return None


def wrapped(value: Mapping[str, Any]) -> tuple[str, Rows] | None:
    """The rows below the only key of an object, and the key: `{"data": [{…}, {…}]}`; None: there are none.

    The messages of one conversation are no rows.
    """
    if len(value) != 1:
        return None
    ((key, rows),) = value.items()
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        return None
    talk = all(row.get("role") in ROLES or {"from", "value"} == row.keys() for row in rows)
    return None if talk else (key, rows)


def _split(columns: Any, data: Any) -> Rows | None:
    if not isinstance(columns, list) or not isinstance(data, list):
        return None
    if any(not isinstance(row, list) or len(row) != len(columns) for row in data):
        return None
    names = [str(text_of(name)) for name in columns]
    return [dict(zip(names, row, strict=True)) for row in data] if len(set(names)) == len(names) else None


def _table(schema: Any, data: Any) -> Rows | None:
    """The rows without pandas' own index."""
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        return None
    keys = schema.get("primaryKey") if isinstance(schema, dict) else None
    index = {"index"} if keys == ["index"] else set()
    return [{name: cell for name, cell in row.items() if name not in index} for row in data]
