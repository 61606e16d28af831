"""The rules by which a column of train is found to be something else than numbers, or a few names, to learn from."""

from dataclasses import dataclass

import polars as pl

from shipworthy.data.fitted.encode.schema import Auto
from shipworthy.data.fitted.interface import FitInput
from shipworthy.models.transform.replay import ISO, NAME, NUMBER, TIME

EXACT_ROWS = 1_000_000
"""Of more rows the number of distinct values is estimated (HyperLogLog, about 1% off)."""
FEWEST_OF_A_COUNTER = 200
"""Of fewer rows, numbers may differ by chance."""
COUNTER_SHARE = 0.97
"""The least share of distinct values of running numbers, for a few rows may stand twice."""
WIDTH_OF_A_COUNTER = 3
"""Running numbers, of which some rows were left out, lie in a range of at most so many times the rows."""


@dataclass(frozen=True)
class ColumnFacts:
    """A column of train in numbers.

    Attributes:
        kind: number, name or time.
        rows: rows of train.
        known: rows that have a value.
        distinct: different values (names and whole numbers; else 0).
        words: mean words of a value (names; else 0).
        moments: values that are a day or a moment in ISO 8601 (names; else 0).
        width: the largest minus the smallest value (whole numbers; else None).
    """

    kind: str
    rows: int
    known: int
    distinct: int = 0
    words: float = 0.0
    moments: int = 0
    width: int | None = None

    @property
    def distinct_share(self) -> float:
        """Different values, as a share of the rows that have one (0 to 1)."""
        return self.distinct / max(1, self.known)


def facts(inputs: FitInput, column: str, dtype: pl.DataType, rows: int) -> ColumnFacts:
    """Reads the column, in one pass over train.

    Args:
        dtype: its type.
        rows: of train.
    """
    kind, values = inputs.kinds[column], pl.col(column)
    known = values.drop_nulls()
    distinct = known.n_unique() if rows <= EXACT_ROWS else known.approx_n_unique()
    asked = {"known": values.count()}
    if kind == NUMBER and dtype.is_integer():
        asked |= {"distinct": distinct, "width": values.max().cast(pl.Float64) - values.min().cast(pl.Float64)}
    elif kind == NAME:
        asked["distinct"] = distinct
        asked["words"] = values.str.count_matches(r"\S+").mean()
        asked["moments"] = values.str.strip_chars().str.contains(f"^(?:{ISO})$").sum()
    found = {name: value for name, value in inputs.aggregate(asked).items() if value is not None}
    return ColumnFacts(kind, rows, **{name: int(value) if name == "width" else value for name, value in found.items()})


def judge(found: ColumnFacts, config: Auto) -> tuple[str, str, str]:
    """What a column holds, the numbers that say so, and what becomes of it: keep, drop, target, text or calendar."""
    if not found.known:
        return "nothing", f"no value in {found.rows:,} rows of train", "drop"
    if found.kind == NUMBER:
        return _numbers(found)
    if found.kind == TIME or found.moments == found.known:
        return "times", f"{found.known:,} days or moments", "calendar"
    return _names(found, config)


def _numbers(found: ColumnFacts) -> tuple[str, str, str]:
    if found.width is None:
        return "numbers", f"{found.known:,} numbers in {found.rows:,} rows of train", "keep"
    why = f"{found.distinct:,} different whole numbers in {found.known:,} rows of train that have one"
    counter = found.known >= FEWEST_OF_A_COUNTER and found.distinct_share >= COUNTER_SHARE
    if counter and found.width < WIDTH_OF_A_COUNTER * found.known:
        return "running numbers", f"{why}, close together", "drop"
    return "numbers", why, "keep"


def _names(found: ColumnFacts, config: Auto) -> tuple[str, str, str]:
    why = f"{found.distinct:,} different ones in {found.known:,} rows of train that have one"
    if found.distinct <= config.many_names:
        return "names", why, "keep"
    if found.words >= config.text_words and found.distinct_share >= config.text_share:
        return "free text", f"{why}, of {found.words:.1f} words in the mean", "text"
    if found.distinct_share >= config.id_share:
        return "ids", why, "drop"
    return "many names", why, "target"
