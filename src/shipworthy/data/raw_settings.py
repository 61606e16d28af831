"""What a package must know to read raw rows as `prepare` read those that the model was trained on."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.examples import features_of
from shipworthy.data.kinds.schema import Conversations, Table, Text
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.models.raw_rows import (
    MESSAGES_COLUMN,
    NAME_COLUMN,
    NUMBER_COLUMN,
    POINT,
    TEXT_COLUMN,
    TIME_COLUMN,
    TOOLS_COLUMN,
)


def raw_settings(config: Data, store: RowStore, types: Mapping[str, str]) -> dict[str, Any]:
    """The content of raw.json; see models/raw_rows.py.

    Args:
        store: holds the rows before anything is fitted on them.
        types: of the source's columns.
    """
    columns = _columns(config, store)
    talks = (MESSAGES_COLUMN, TOOLS_COLUMN)  # JSON in every format
    bare = {name: types.get(name, "string").removesuffix("?") for name, role in columns.items() if role not in talks}
    return {
        "columns": columns,
        "types": {name: kind for name, kind in bare.items() if kind != "string"},
        "missing": config.markers,
        "decimal": config.decimal or POINT,
        "others": sorted({*types, *config.named} - set(columns)) if isinstance(config, Table) else [],
        "clean": cleaning(config.clean),
    }


def cleaning(config: Cleaning) -> dict[str, Any]:
    """What changes texts; see `models/clean_text.py: TextCleaner`."""
    kinds = [kind for kind, action in config.pii.actions().items() if action != "keep"] if config.pii else []
    cuts = config.truncate.columns if config.truncate else {}
    return {
        "repair": config.encoding is not None and config.encoding.action == "repair",
        "form": config.unicode.form if config.unicode else None,
        "truncate": {name: {"max_characters": cut.max_characters, "keep": cut.keep} for name, cut in cuts.items()},
        "mask": {"kinds": kinds, "region": config.pii.region} if config.pii else None,
    }


def _columns(config: Data, store: RowStore) -> dict[str, str]:
    match config:
        case Conversations():
            return {config.messages: MESSAGES_COLUMN, **({config.tools: TOOLS_COLUMN} if config.tools else {})}
        case Text():
            return dict.fromkeys([config.text, *config.context], TEXT_COLUMN)
        case Table():
            made = store.columns
            return {name: _kind(made[name]) for name in features_of(store)[0]}
        case _:
            raise TypeError(config)


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return NUMBER_COLUMN
    return TIME_COLUMN if dtype.is_temporal() else NAME_COLUMN
