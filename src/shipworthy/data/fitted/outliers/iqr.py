"""Outlier bounds from the quartiles."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned
from shipworthy.data.fitted.outliers.bounds import learned
from shipworthy.data.fitted.outliers.schema import IQR
from shipworthy.models.transform.replay import NUMBER


def fit(config: IQR, inputs: FitInput) -> Learned:
    """First quartile - factor · range, third quartile + factor · range.

    Raises:
        UsageError: a column is no number, or its quartiles are equal.
    """
    inputs.require_columns(config.columns, NUMBER, "data.fitted.outliers.iqr.columns")
    quartiles = inputs.aggregate(
        {f"{n}{q}": pl.col(n).quantile(q, "linear") for n in config.columns for q in (0.25, 0.75)}
    )
    bounds = {}
    for name in config.columns:
        low, high = quartiles[f"{name}0.25"], quartiles[f"{name}0.75"]
        if low is None or low == high:
            raise UsageError(
                f"data.fitted.outliers.iqr: the quartiles of {name} on train are equal ({low}), so that every other "
                "value would be an outlier: leave the column out."
            )
        bounds[name] = (low - config.factor * (high - low), high + config.factor * (high - low))
    return learned("IQR", bounds, config.action)
