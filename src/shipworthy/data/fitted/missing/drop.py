"""Rows of train without a value are left out."""

import polars as pl

from shipworthy.data.fitted.method import Learned, Subject
from shipworthy.data.fitted.missing.schema import Drop


def fit(config: Drop, subject: Subject) -> Learned:
    """Nothing is learned; rows are rejected.

    Raises:
        UsageError: a column is no feature.
    """
    subject.need(config.columns, None, "data.fitted.missing.drop.columns")
    faults = (pl.when(pl.col(name).is_null()).then(pl.lit(f"{name} is missing")) for name in config.columns)
    return Learned(rejections={"missing value": pl.coalesce(*faults)})
