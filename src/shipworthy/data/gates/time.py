"""Gate: rows that have a time are divided by it."""

from shipworthy.data.gates.interface import GateInput, GateResult
from shipworthy.data.gates.model_settings import Time
from shipworthy.data.times import looks_like_time


def check(config: Time, inputs: GateInput) -> GateResult:
    """Looks for times among the features and the source's dates, where the rows were divided at random."""
    rows = inputs.sample
    if inputs.split_by_time:
        return GateResult([], rows.height)
    found = [*inputs.dates, *(name for name in inputs.features if name not in inputs.dates)]
    times = [name for name in found if name in inputs.dates or looks_like_time(rows[name])]
    return GateResult(
        [
            f"{name} looks like a time, and the rows are divided at random, so that train holds rows from after those "
            f"of test: set data.split.time={name}, unless they are independent of the time"
            for name in times
        ],
        rows.height,
    )
