"""Imputation by the median of train."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned
from shipworthy.data.fitted.missing.schema import Median
from shipworthy.models.transform.replay import NUMBER


def fit(config: Median, inputs: FitInput) -> Learned:
    """Computes one constant per column.

    Raises:
        UsageError: a column is no number, or train has no value in it.
    """
    inputs.require_columns(config.columns, NUMBER, "data.fitted.missing.median.columns")
    found = inputs.aggregate({name: pl.col(name).cast(pl.Float64).median() for name in config.columns})
    if empty := [name for name, value in found.items() if value is None]:
        raise UsageError(f"data.fitted.missing.median: train has no value of {empty[0]}: leave it out.")
    return Learned([{"op": "fill", "column": name, "value": value} for name, value in found.items()])
