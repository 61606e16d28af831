"""From a data config to rows: the source is read; cleaners and deduplication reject some of them."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl
import polars.selectors as cs

from shipworthy.core.errors import UsageError
from shipworthy.core.parallel import Mapper
from shipworthy.data.columns import DTYPES
from shipworthy.data.hash_sampling import hash_uniform
from shipworthy.data.kinds import conversations, table, text
from shipworthy.data.kinds.schema import Conversations, Table, Text
from shipworthy.data.mixing.mix import SOURCE
from shipworthy.data.parts import BATCH_ROWS
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Data
from shipworthy.data.sources import files

READ_ROWS = 10_000
"""Rows that are read from a file at once; a part is made of several of them."""
EMPTY_IS_MISSING = pl.when(cs.string() != "").then(cs.string()).name.keep()
"""CSV has one sign for both, so that JSON and parquet with either must make the same dataset."""


def read(
    config: Data, paths: list[Path], types: Mapping[str, str], work: Path, *, batch_rows: int = BATCH_ROWS
) -> RowStore:
    """The rows of the source, or `config.sample` of them, on disk.

    Args:
        config: which rows.
        paths: the raw files, in order.
        types: of their columns (see `files.types_of`).
        work: a folder for temporary files.
        batch_rows: rows in memory at once; the dataset does not depend on it.

    Raises:
        UsageError: a column is missing, or has an unsuitable type or name.
        ShipworthyError: a file cannot be read.
    """
    wanted = selection(config, types, paths[0])

    def rows() -> Iterator[pl.DataFrame]:
        for frame in files.batches(config, paths, types, min(batch_rows, READ_ROWS)):
            part = frame.select("id", *wanted).with_columns(EMPTY_IS_MISSING)
            if config.sample < 1:
                part = part.filter(pl.Series(hash_uniform(part["id"], "sample"), dtype=pl.Float64) < config.sample)
            yield part

    return RowStore(rows(), work / "rows", batch_rows=batch_rows, workers=config.workers)


def selection(config: Data, types: Mapping[str, str], path: Path) -> list[pl.Expr]:
    """The expressions that make the columns of a row from those of the source.

    Raises:
        UsageError: a column is of an unsuitable type or name; the message names `path`.
    """
    dtypes = {name: DTYPES[kind.removesuffix("?")] for name, kind in types.items()}
    try:
        match config:
            case Conversations():
                made, needed = conversations.select(config)
            case Text():
                made, needed = text.select(config, dtypes)
            case Table():
                made, needed = table.select(config, dtypes)
            case _:
                raise TypeError(config)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error
    if config.mixing.by:
        made.append(pl.col(config.mixing.by).cast(pl.String).alias(SOURCE))
        needed.append(config.mixing.by)
    for name in needed:
        if name == "*" or (name.startswith("^") and name.endswith("$")):
            raise UsageError(f"{path}: polars takes the name '{name}' for a pattern of names: rename your column.")
        if (name in files.RESERVED and name not in _own(config)) or name.startswith("_"):
            ignore = ", or list it in data.ignore" if isinstance(config, Table) else ""
            raise UsageError(
                f"{path}: the dataset keeps names such as '{name}' for itself: rename your column{ignore}."
            )
    return made


def _own(config: Data) -> set[str]:
    """The source column of the answer may have the name `answer`."""
    return {"answer"} & {getattr(config, "answer", ""), getattr(config, "label", "")}


def clean_rows(
    config: Data, store: RowStore, mapper: Mapper | None = None, *, numbers: bool = False, labels: bool = False
) -> dict[str, Any]:
    """Cleans the rows, rejects unusable and duplicate ones, and adds `cluster`; returns facts for the report.

    Args:
        config: what is rejected.
        store: the rows.
        mapper: who computes signatures of near-duplicates (see core/parallel.py); null: this process.
        numbers: whether the answers are to be numbers, as a task of regression asks.
        labels: whether they are to be lists of labels, as a task of multi_label asks (see label_lists.reads_labels).

    Raises:
        UsageError: numbers are asked of what is no table, or numbers or labels of rows that can't have them as answers.
    """
    if numbers and not isinstance(config, Table):
        raise UsageError(
            f"A task of regression learns from tables, and data '{config.kind}' is none: begin its file in conf/data "
            "with `defaults: [base_table, _self_]`, or choose another task."
        )
    match config:
        case Conversations():
            return conversations.clean_rows(config, store, mapper)
        case Text():
            return text.clean_rows(config, store, mapper, labels=labels)
        case Table():
            return table.clean_rows(config, store, numbers=numbers, labels=labels)
        case _:
            raise TypeError(config)


def split_only_columns(config: Data) -> list[str]:
    """Columns that only the split needs; they are no features."""
    match config:
        case Text():
            return [name for name in config.split.columns if name not in (config.text, *config.context)]
        case Table():
            return table.split_only_columns(config)
        case _:
            raise TypeError(config)
