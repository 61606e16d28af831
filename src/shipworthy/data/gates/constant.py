"""Gate: every feature has at least two values in train."""

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult
from shipworthy.data.gates.row_settings import Constant


def check(config: Constant, inputs: GateInput) -> GateResult:
    """Compares minimum and maximum over train; missing counts as a value."""
    train = inputs.rows.filter(pl.col("split") == "train")
    ends = {
        f"{end} {name}": getattr(pl.col(name), end)()
        for name in inputs.features
        for end in ("min", "max", "null_count")
    }
    found = train.select(pl.len().alias("rows"), **ends).collect(engine="streaming").row(0, named=True)
    violations = []
    for name in inputs.features:
        low, high, missing_rows = found[f"min {name}"], found[f"max {name}"], found[f"null_count {name}"]
        if missing_rows == found["rows"]:
            violations.append(f"{name} has no value at all in train")
        elif low == high and not missing_rows:
            violations.append(f"{name} is '{low}' in every row of train")
    return GateResult(violations, found["rows"])
