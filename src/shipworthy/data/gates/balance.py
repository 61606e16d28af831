"""The shares of the classes."""

import polars as pl

from shipworthy.data.gates.schema import Balance
from shipworthy.data.gates.view import Finding, Number, View
from shipworthy.evaluation.intervals import wilson


def check(config: Balance, view: View) -> Finding:
    """By split, of train and validation alone."""
    counts = view.labelled.group_by("split", "answer").agg(pl.len().alias("rows")).collect(engine="streaming")
    classes = sorted(counts["answer"].drop_nulls().unique())
    numbers, faults = [], []
    for split in ("train", "validation"):
        by_class = dict(counts.filter(split=split).select("answer", "rows").iter_rows())
        whole = sum(by_class.values())
        for name in classes if whole else ():
            interval = wilson(by_class.get(name, 0), whole)
            what = f"share of {name} in {split}"
            numbers.append(Number(what, interval.value, config.least, interval.low, interval.high))
            if interval.value < config.least:
                faults.append(f"{interval.value:.2%} of {split} is {name}, less than {config.least:.2%}")
    return Finding(faults, int(counts["rows"].sum()), numbers)
