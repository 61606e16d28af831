"""Imputation by a given value."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.data.fitted.missing.schema import Constant
from shipworthy.models.transform.replay import NUMBER


def fit(config: Constant, inputs: FitInput) -> Learned:
    """Takes the given value for each column.

    Raises:
        UsageError: a column is no feature, or its value is of the wrong kind.
    """
    key = "data.fitted.missing.constant.values"
    inputs.require_columns(config.values, None, key)
    steps: list[Step] = []
    for name, value in config.values.items():
        if (inputs.kinds[name] == NUMBER) is isinstance(value, str):
            raise UsageError(f"{key}.{name}={value}: the column holds {inputs.kinds[name]}s, so give one.")
        steps.append({"op": "fill", "column": name, "value": value if isinstance(value, str) else float(value)})
    return Learned(steps)
