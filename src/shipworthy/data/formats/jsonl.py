"""JSON Lines: an object per line; .gz and .zst are decompressed while reading."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.formats.batch import Batch

SPARSE = True
UNTYPED = False


def batches(path: Path, rows: int) -> Iterator[Batch]:
    """Name → values as JSON has them, `rows` at a time; a key that a line lacks is None.

    Raises:
        ShipworthyError: a line is no JSON object.
    """
    first = 0
    for lines in pl.scan_lines(path).collect_batches(chunk_size=rows, maintain_order=True):
        objects = [_object(line, path, first + i) for i, line in enumerate(lines["line"]) if line.strip()]
        first += lines.height
        names = dict.fromkeys(name for one in objects for name in one)
        yield Batch(len(objects), {name: [one.get(name) for one in objects] for name in names})


def _object(line: str, path: Path, number: int) -> dict[str, Any]:
    try:
        value = json.loads(line)
    except ValueError as error:
        raise ShipworthyError(f"{path} cannot be read: line {number + 1} is no JSON ({error}).") from error
    if not isinstance(value, dict):
        raise ShipworthyError(f"{path} cannot be read: line {number + 1} is no JSON object, with a value per column.")
    return value
