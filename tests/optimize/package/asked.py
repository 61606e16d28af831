"""What the project makes of raw rows."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.data import build
from shipworthy.data.raw_settings import raw_settings
from shipworthy.data.schema import Data
from shipworthy.data.sources.files import types_of

Made = tuple[pl.DataFrame, dict[str, str], dict[str, Any]]


def project(config: Data, rows: Sequence[Mapping[str, Any]], work: Path, types: dict[str, str] | None = None) -> Made:
    """The cleaned rows, as `prepare` makes them, the types of their columns, and the settings for raw rows.

    Args:
        rows: a file of their own, as JSON lines.
        types: of the source's columns (None: they are inferred).
    """
    work.mkdir(parents=True)
    path = work / "a.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    config = replace(config, file=path.name, format="", source=None, sha256="", id="")
    types = types or types_of(config, [path])
    store = build.read(config, [path], types, work / "w")
    build.clean_rows(config, store)
    return store.rows.collect().sort("id"), types, raw_settings(config, store, types)


def number(identity: str) -> int:
    """Which of the rows one is, from 0."""
    return int(identity.removeprefix("row-"))
