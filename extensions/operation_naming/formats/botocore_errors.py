"""The operations of botocore's service descriptions, and the kinds of errors that each may raise."""

import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data.formats.batch import Batch, Written

from ..sentence import first_sentence
from .botocore import operations, row_id

SPARSE = False
UNTYPED = False
COLUMNS = {
    "place": pl.String(),
    "service": pl.String(),
    "description": pl.String(),
    "errors": pl.List(pl.String()),
}
KINDS = {
    "not found": ("notfound", "nosuch", "doesnotexist"),
    "denied": ("accessdenied", "unauthorized", "forbidden", "notauthorized"),
    "throttled": ("throttl", "toomanyrequests"),
    "invalid": ("invalid", "validation", "badrequest", "malformed"),
    "internal": ("internal", "serverexception", "servicefailure"),
    "unavailable": ("unavailable",),
    "conflict": ("conflict", "concurrent", "inuse", "alreadyexists"),
    "limit": ("quota", "limitexceeded"),
}
"""Kind → what is in the names of its errors, whatever their case; services call one thing by many names."""


def batches(path: Path, rows: int, written: Written) -> Iterator[Batch]:
    """One row per operation of every API version: place, service (its readable name), description, errors (kinds).

    Args:
        path: a botocore wheel.
    """
    with zipfile.ZipFile(path) as wheel:
        found = (
            (row_id(place), service, first_sentence(details.get("documentation", "")), kinds(details))
            for place, service, _, details in operations(wheel)
        )
        while part := list(islice(found, rows)):
            yield Batch.of(pl.DataFrame(part, schema=COLUMNS, orient="row"))


def kinds(details: dict[str, Any]) -> list[str]:
    """The kinds of the errors that an operation names; errors of no kind do not count."""
    names = [error["shape"].lower() for error in details.get("errors", [])]
    return [kind for kind, parts in KINDS.items() if any(part in name for part in parts for name in names)]
