"""Some rows of a raw file, column by column, as the format gives them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl


@dataclass(frozen=True)
class Batch:
    """A part of a file.

    Attributes:
        rows: how many.
        columns: name → as many values: a typed series, or plain Python values where the format has no types.
    """

    rows: int
    columns: Mapping[str, pl.Series | Sequence[Any]]

    @classmethod
    def of(cls, frame: pl.DataFrame) -> "Batch":
        """The same, from a frame."""
        return cls(frame.height, {column.name: column for column in frame.get_columns()})


@dataclass(frozen=True)
class Written:
    """What the config says of how a text file is written.

    Attributes:
        encoding: as Python calls it (empty: found out).
        delimiter: what is between the cells of CSV (empty: found out).
    """

    encoding: str = ""
    delimiter: str = ""
