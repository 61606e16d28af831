"""What columns are there for beside the label: ids, groups, times, texts, and those that no model can use."""

import polars as pl

from shipworthy.data.look import names
from shipworthy.data.look.profile import Column, Profile
from shipworthy.data.sources.files import RESERVED
from shipworthy.data.times import looks_like_time
from shipworthy.models.raw_rows import MARKS

TEXT_WORDS = 3
"""A text has so many words in the mean, and most rows have one of their own."""
TEXT_SHARE = 0.5
GROUP_SHARE = 0.5
"""Groups have two rows or more each in the mean."""
FEWEST_GROUPS = 10
SURE_MARKS = frozenset(one for one in MARKS.split() if "inf" not in one) - {"none", "nil", "."}
"""Texts that stand for nothing in a column of names, too; `none` may be one."""
CODES = (-9.0, -99.0, -999.0, -9999.0, -99999.0)
"""Numbers that stand for a missing one, where no other number of the column is negative."""
LEAST_CODE_SHARE = 0.001


def unusable(profile: Profile) -> dict[str, str]:
    """Column → why a table's model can't have it as a feature."""
    found: dict[str, str] = dict(profile.unreadable)
    for column in profile.columns:
        if why := _why_not(column):
            found[column.name] = why
    return found


def _why_not(column: Column) -> str:
    name = column.name
    if name in RESERVED:
        return "a dataset keeps this name for itself: rename the column to use it"
    if name.startswith("_") or name == "*" or (name.startswith("^") and name.endswith("$")):
        return "no column may have such a name: rename it to use it"
    if not column.known:
        return "it is empty"
    if column.type == "json":
        return "it holds lists or objects, which a table's model can't use"
    return "it has one value only" if column.distinct == 1 and column.known == column.rows else ""


def ids(profile: Profile) -> list[str]:
    """Columns that only tell rows apart, the likeliest first.

    Each row has a value of its own, and the name says so (`id`, `uuid`, `index`, or none, as R and pandas write row
    numbers), or the value is a single word with digits in it.
    """
    named, other = [], []
    for column in profile.columns:
        if not column.is_unique or column.type not in ("int", "string") or column.rows < 2:
            continue
        if not column.name.strip() or names.holds(column.name, names.IDS):
            named.append(column.name)
        elif column.type == "string" and column.longest == 1 and _have_digits(profile, column):
            other.append(column.name)
    return [*named, *other]


def _have_digits(profile: Profile, column: Column) -> bool:
    return bool(profile.values(column).str.contains(r"[0-9]").mean() == 1.0)


def texts(profile: Profile) -> list[str]:
    """Columns of free text: three words or more in the mean, most rows with one of their own; the longest first."""
    found = [
        one
        for one in profile.columns
        if one.type == "string" and one.words >= TEXT_WORDS and one.distinct_share >= TEXT_SHARE
    ]
    return [one.name for one in sorted(found, key=lambda one: -one.words)]


def times(profile: Profile) -> list[str]:
    """Columns that say when a row was made, by the rule of data/times.py; birthdays are none."""
    found = []
    for column in profile.columns:
        if column.missing > 0.2 or column.distinct < 3 or names.holds(column.name, names.BIRTHS):
            continue
        if looks_like_time(profile.values(column)):
            found.append(column.name)
    return found


def groups(profile: Profile) -> list[str]:
    """Columns that name whom a row is of (a customer, a session), who has several rows; the likeliest first.

    The name says so (`customer`, `user_id`, any `…_id`), the values repeat, and there are at least ten of them.
    """
    owners, others = [], []
    for column in profile.columns:
        if column.type not in ("int", "string") or column.missing > 0.5:
            continue
        if column.distinct < FEWEST_GROUPS or column.distinct_share > GROUP_SHARE:
            continue
        if names.holds(column.name, names.OWNERS) and (names.ends_in(column.name, names.IDS | names.OWNERS)):
            owners.append(column.name)
        elif names.ends_in(column.name, frozenset({"id", "uuid", "guid"})):
            others.append(column.name)
    return [*owners, *others]


def gaps(profile: Profile, label: str) -> list[str]:
    """The texts that stand for a missing value, as `data.missing` names them, and none that is a class.

    In columns of names `?`, `NA` and their like, as they are written there; in CSV also numbers such as -999, where
    they are the only negative ones of each column in which they stand, and not in one row alone.
    """
    found: dict[str, None] = {}
    for column in profile.columns:
        if column.type == "string" and column.name != label:
            values = profile.values(column).str.strip_chars()
            marks = values.filter(values.str.to_lowercase().is_in(list(SURE_MARKS))).unique().sort()
            found.update(dict.fromkeys(marks.to_list()))
    if profile.untyped:
        found.update(dict.fromkeys(_codes(profile)))
    classes = {value for value, _ in profile.counts(profile[label])} if label in profile else set()
    return [mark for mark in found if mark not in classes]


def _codes(profile: Profile) -> list[str]:
    held: dict[float, list[bool]] = {}
    for column in profile.columns:
        if column.type == "int" and column.low in CODES:
            values = profile.values(column)
            negative = values.filter(values < 0)
            alone = negative.n_unique() == 1 and negative.len() > max(1, LEAST_CODE_SHARE * values.len())
            held.setdefault(float(column.low), []).append(alone)
    return [f"{code:.0f}" for code, alone in held.items() if all(alone)]


def likely_words(values: pl.Series) -> int:
    """How many of some texts hold no word that near-duplicates are found by."""
    from shipworthy.models.normalize import words

    return sum(not words(text) for text in values.to_list())
