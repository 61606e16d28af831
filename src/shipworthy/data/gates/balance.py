"""Gate: no class is too rare."""

import polars as pl

from shipworthy.data.gates.interface import GateInput, GateResult, Measurement
from shipworthy.data.gates.row_settings import Balance
from shipworthy.evaluation.intervals import wilson


def check(config: Balance, inputs: GateInput) -> GateResult:
    """Compares the share of each class in train and in validation with the limit."""
    counts = inputs.labelled.group_by("split", "answer").agg(pl.len().alias("rows")).collect(engine="streaming")
    classes = sorted(counts["answer"].drop_nulls().unique())
    measurements, violations = [], []
    for split in ("train", "validation"):
        by_class = dict(counts.filter(split=split).select("answer", "rows").iter_rows())
        whole = sum(by_class.values())
        for name in classes if whole else ():
            interval = wilson(by_class.get(name, 0), whole)
            what = f"share of {name} in {split}"
            measurements.append(Measurement(what, interval.value, config.min_share, interval.low, interval.high))
            if interval.value < config.min_share:
                violations.append(f"{interval.value:.2%} of {split} is {name}, less than {config.min_share:.2%}")
    return GateResult(violations, int(counts["rows"].sum()), measurements)
