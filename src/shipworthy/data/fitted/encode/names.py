"""The names that a column has on train, and names for the columns that are made of them."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.method import Subject

# XGBoost refuses these in the name of a feature.
WRITTEN = str.maketrans({"[": "(", "]": ")", "<": "lt "})


def seen(subject: Subject, column: str) -> list[str]:
    """The names of a column on train, by alphabet.

    Raises:
        UsageError: there are none.
    """
    found = subject.train.select(pl.col(column).drop_nulls().unique()).collect(engine="streaming")[column]
    if not found.len():
        raise UsageError(f"data.fitted.encode: train has no value of {column}: leave it out.")
    return sorted(found)


def derived(column: str, values: list[str]) -> list[str]:
    """COLUMN=value for each value.

    Raises:
        UsageError: two would be called the same.
    """
    names = [f"{column}={value}".translate(WRITTEN) for value in values]
    if twice := {name for name in names if names.count(name) > 1}:
        raise UsageError(f"data.fitted.encode: two values of {column} would both be called '{min(twice)}': rename one.")
    return names
