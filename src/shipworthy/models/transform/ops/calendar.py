"""A time as numbers that a model can split: parts of the calendar, and days since the first one of train."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay import Columns, put, seconds

DAY = 86_400
PARTS = ("year", "month", "day", "weekday", "hour", "elapsed")
"""Year; month (from 1); day of the month (from 1); day of the week (Monday is 0); hour (with its fraction); days since
`start`. All in UTC, or in local time where the raw times have no offset."""


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """`column` (times, or names that hold ISO 8601), `start` (seconds since 1970), `outputs`: part → name."""

    def apply(columns: Columns) -> None:
        values = columns[step["column"]]
        moments = seconds(values) if values.dtype == object else values
        made = parts(moments, step["start"])
        put(columns, step["column"], {name: made[part] for part, name in step["outputs"].items()})

    return apply


def parts(moments: NDArray[np.float64], start: float) -> dict[str, NDArray[np.float64]]:
    """Each of PARTS, shape (n,); NaN for a missing moment."""
    missing = np.isnan(moments)
    whole = np.floor(np.where(missing, 0.0, moments)).astype(np.int64)
    time = whole.astype("datetime64[s]")
    days, months = time.astype("datetime64[D]"), time.astype("datetime64[M]")
    found = {
        "year": time.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": months.astype(np.int64) % 12 + 1,
        "day": (days - months.astype("datetime64[D]")).astype(np.int64) + 1,
        "weekday": (days.astype(np.int64) + 3) % 7,
        "hour": whole % DAY / 3600,
        "elapsed": (moments - start) / DAY,
    }
    return {name: np.where(missing, np.nan, values) for name, values in found.items()}
