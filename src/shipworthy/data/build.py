"""From a data config to rows: its source reads them, its sieve cleans them."""

import importlib
from pathlib import Path

import polars as pl

from shipworthy.data import prose, table
from shipworthy.data.draw import draw
from shipworthy.data.schema import Data, Table, Text
from shipworthy.data.sieve import Sieve


def read(config: Data, path: Path) -> pl.DataFrame:
    """The rows of the source, or `config.sample` of them; the source is the file of sources/ named as the kind.

    Args:
        config: which rows.
        path: the raw file.
    """
    source = importlib.import_module(f"shipworthy.data.sources.{config.kind}")
    rows: pl.DataFrame = source.read(config, path)
    if config.sample == 1:
        return rows
    return rows.filter(pl.Series(draw(rows["id"], "sample")) < config.sample)


def sift(config: Data, sieve: Sieve) -> None:
    """Cleans the rows, rejects those that cannot teach, and gives each that is left its `cluster`."""
    match config:
        case Text():
            prose.sift(config, sieve)
        case Table():
            table.sift(config, sieve)
        case _:
            raise TypeError(config)
