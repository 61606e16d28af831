"""Outlier bounds from the median and the median absolute deviation (MAD)."""

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned
from shipworthy.data.fitted.outliers.bounds import learned
from shipworthy.data.fitted.outliers.schema import RobustZ
from shipworthy.models.transform.replay import NUMBER

# A normal distribution's standard deviation is its MAD over this, its third quartile (Iglewicz and Hoaglin 1993).
QUARTILE = 0.6745


def fit(config: RobustZ, inputs: FitInput) -> Learned:
    """Median ± threshold · MAD / 0.6745.

    Raises:
        UsageError: a column is no number, or half of its values are equal.
    """
    inputs.require_columns(config.columns, NUMBER, "data.fitted.outliers.robust_z.columns")
    medians = inputs.aggregate({name: pl.col(name).median() for name in config.columns})
    deviations = inputs.aggregate({name: (pl.col(name) - medians[name]).abs().median() for name in config.columns})
    bounds = {}
    for name in config.columns:
        if not deviations[name]:
            raise UsageError(
                f"data.fitted.outliers.robust_z: half of {name}'s values on train are {medians[name]}, so that its "
                "deviation from the median is 0: leave the column out."
            )
        reach = config.threshold * deviations[name] / QUARTILE
        bounds[name] = (medians[name] - reach, medians[name] + reach)
    return learned("robust z", bounds, config.action)
