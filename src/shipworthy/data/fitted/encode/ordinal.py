"""Ordinal encoding: the position of each category in an order."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.encode.categories import categories_of
from shipworthy.data.fitted.encode.schema import Ordinal
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.models.transform.replay import NAME


def fit(config: Ordinal, inputs: FitInput) -> Learned:
    """Takes the given order, or the sorted categories of train.

    Raises:
        UsageError: a column holds numbers, or train has a category that the order lacks.
    """
    key = "data.fitted.encode.ordinal.columns"
    inputs.require_columns(config.columns, NAME, key)
    steps: list[Step] = []
    for column, order in config.columns.items():
        values = categories_of(inputs, column)
        if order and (unknown := [value for value in values if value not in order]):
            raise UsageError(f"{key}.{column} lacks '{unknown[0]}', which train has: give it a place in the order.")
        codes = {value: float(place) for place, value in enumerate(order or values)}
        steps.append(
            {
                "op": "codes",
                "column": column,
                "outputs": [{"name": column, "codes": codes, "missing": None, "unseen": None}],
            }
        )
    return Learned(steps)
