"""Features that say nothing."""

import polars as pl

from shipworthy.data.gates.schema import Constant
from shipworthy.data.gates.view import Finding, View


def check(config: Constant, view: View) -> Finding:
    """Compares the least and the largest value of train; a gap beside a value is a value of its own."""
    train = view.rows.filter(pl.col("split") == "train")
    ends = {
        f"{end} {name}": getattr(pl.col(name), end)() for name in view.features for end in ("min", "max", "null_count")
    }
    found = train.select(pl.len().alias("rows"), **ends).collect(engine="streaming").row(0, named=True)
    faults = []
    for name in view.features:
        low, high, gaps = found[f"min {name}"], found[f"max {name}"], found[f"null_count {name}"]
        if gaps == found["rows"]:
            faults.append(f"{name} has no value at all in train")
        elif low == high and not gaps:
            faults.append(f"{name} is '{low}' in every row of train")
    return Finding(faults, found["rows"])
