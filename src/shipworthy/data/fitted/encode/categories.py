"""The categories of a column in train, and the names of the columns made of them."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput


def categories_of(inputs: FitInput, column: str) -> list[str]:
    """The categories of a column in train, sorted.

    Raises:
        UsageError: there are none.
    """
    found = inputs.train.select(pl.col(column).drop_nulls().unique()).collect(engine="streaming")[column]
    if not found.len():
        raise UsageError(f"data.fitted.encode: train has no value of {column}: leave it out.")
    return sorted(found)


def output_names(column: str, values: list[str]) -> list[str]:
    """COLUMN=value for each value."""
    return [f"{column}={value}" for value in values]
