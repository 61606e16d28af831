"""What a package must know to read raw rows as `prepare` read those that the model was trained on."""

from collections.abc import Mapping
from typing import Any

import polars as pl

from shipworthy.data.examples import features_of
from shipworthy.data.kinds.schema import Conversations, Table, Text
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.models.raw_rows import NAME_COLUMN, NUMBER_COLUMN, TEXT_COLUMN, TIME_COLUMN, TRUTH_COLUMN


def raw_settings(config: Data, store: RowStore, types: Mapping[str, str]) -> dict[str, Any]:
    """The content of raw.json; see models/raw_rows.py.

    Args:
        store: holds the rows before anything is fitted on them.
        types: name → type of the source's columns.
    """
    cleaning = config.clean
    return {
        "columns": _columns(config, store, types),
        "missing": config.markers,
        "form": cleaning.unicode.form if cleaning.unicode else None,
        "truncate": {
            name: {"max_characters": cut.max_characters, "keep": cut.keep}
            for name, cut in (cleaning.truncate.columns if cleaning.truncate else {}).items()
        },
    }


def _columns(config: Data, store: RowStore, types: Mapping[str, str]) -> dict[str, str]:
    match config:
        case Conversations():  # their messages are read by the template
            return {}
        case Text():
            return dict.fromkeys([config.text, *config.context], TEXT_COLUMN)
        case Table():
            made = store.columns
            truth = {name for name, kind in types.items() if kind.removesuffix("?") == "bool"}
            return {name: TRUTH_COLUMN if name in truth else _kind(made[name]) for name in features_of(store)[0]}
        case _:
            raise TypeError(config)


def _kind(dtype: pl.DataType) -> str:
    if dtype.is_numeric():
        return NUMBER_COLUMN
    return TIME_COLUMN if dtype.is_temporal() else NAME_COLUMN
