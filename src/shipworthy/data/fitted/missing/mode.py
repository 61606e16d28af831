"""Imputation by the most frequent value of train."""

from shipworthy.core.errors import UsageError
from shipworthy.data.fitted.interface import FitInput, Learned, Step
from shipworthy.data.fitted.missing.schema import Mode


def fit(config: Mode, inputs: FitInput) -> Learned:
    """Computes one constant per column.

    Raises:
        UsageError: a column is no feature, or train has no value in it.
    """
    inputs.require_columns(config.columns, None, "data.fitted.missing.mode.columns")
    steps: list[Step] = []
    for name in config.columns:
        counts = inputs.train.drop_nulls(name).group_by(name).len().collect(engine="streaming")
        if not counts.height:
            raise UsageError(f"data.fitted.missing.mode: train has no value of {name}: leave it out.")
        value = counts.sort(["len", name], descending=[True, False])[name][0]
        steps.append({"op": "fill", "column": name, "value": value if isinstance(value, str) else float(value)})
    return Learned(steps)
