"""Rejects rows of train with a missing value."""

import polars as pl

from shipworthy.data.fitted.interface import FitInput, Learned
from shipworthy.data.fitted.missing.schema import Drop


def fit(config: Drop, inputs: FitInput) -> Learned:
    """Nothing is learned; rows are rejected.

    Raises:
        UsageError: a column is no feature.
    """
    inputs.require_columns(config.columns, None, "data.fitted.missing.drop.columns")
    faults = (pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is missing")) for name in config.columns)
    return Learned(rejections={"missing value": pl.coalesce(*faults)})
