"""Which columns hold moments in time, by their type and values; a name alone decides nothing."""

import polars as pl

from shipworthy.data.columns import parse_iso

SEEN = 10_000
"""Values of a column that are looked at, spread evenly over it."""
LEAST_DISTINCT = 3
SHARE = 0.95
"""The least share of a column's values that must be times."""
FIRST, LAST = 946_684_800, 2_051_222_400
"""Seconds since 1970 that count as a plausible time: 2000-01-01 to 2035-01-01."""
UNITS = (1, 10**3, 10**6, 10**9)
"""Ticks of a second: seconds, milliseconds, microseconds, nanoseconds."""
YEAR_NAMES = ("year", "yr")
YEARS = (1900, 2100)


def looks_like_time(column: pl.Series) -> bool:
    """Whether a column holds dates or times.

    It does if it is typed as date or datetime; if nearly all its texts are ISO 8601 dates or times; if its numbers are
    whole seconds, milliseconds, microseconds or nanoseconds since 1970 between 2000 and 2035, or days written as
    20240131; or if its name ends in `year` and its numbers are whole, from 1900 to 2100.
    """
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        return True
    known = column.drop_nulls()
    known = known.gather_every(max(1, known.len() // SEEN))
    if known.n_unique() < LEAST_DISTINCT:
        return False
    if column.dtype == pl.String:
        return _share(parse_iso(pl.col("v").str.strip_chars()).is_not_null(), known) >= SHARE
    if column.dtype.is_numeric():
        return _numbers_are_times(known)
    return False


def _numbers_are_times(known: pl.Series) -> bool:
    """Whether numbers are seconds (or a thousandth, … of it) since 1970, days like 20240131, or years by their name."""
    value = pl.col("v").cast(pl.Float64)
    whole = value == value.floor()
    if _share(whole, known) < SHARE and _share(value.is_between(FIRST, LAST), known) < SHARE:
        return False
    if any(_share(value.is_between(FIRST * unit, LAST * unit), known) >= SHARE for unit in UNITS):
        return True
    day = value.cast(pl.Int64, strict=False).cast(pl.String).str.to_date("%Y%m%d", strict=False)
    if _share(whole & day.dt.year().is_between(*YEARS), known) >= SHARE:
        return True
    named = known.name.lower().endswith(YEAR_NAMES)
    return named and _share(whole & value.is_between(*YEARS), known) >= SHARE


def _share(condition: pl.Expr, known: pl.Series) -> float:
    """The share of the values of which a condition on `v` holds (null: it does not)."""
    return float(known.rename("v").to_frame().select(condition.fill_null(value=False).mean()).item())
