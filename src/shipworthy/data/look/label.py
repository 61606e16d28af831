"""Which column is likely to be predicted."""

from collections.abc import Collection
from dataclasses import dataclass

from shipworthy.data.look import names
from shipworthy.data.look.profile import Column, Profile

MOST_CLASSES = 50
ROWS_OF_A_CLASS = 3
"""Classes have so many rows in the mean."""
SURE = 4
"""Only a column of classes with so many points is taken where another one, a measure, seems to be meant."""


@dataclass(frozen=True)
class Guess:
    """The label, and what else it may be.

    Attributes:
        label: the likeliest column (empty: none is likely); it may be the measure.
        why: the rule that says so.
        others: further columns of classes, the likelier first.
        measure: a column of numbers that may be meant, but is no class (empty: none).
    """

    label: str
    why: str
    others: list[str]
    measure: str


def guess(profile: Profile, taken: set[str], lists: Collection[str] = ()) -> Guess:
    """Ranks the columns of classes by their points; a measure is taken where it is likelier than they.

    A column may be a label if it has 2 to 50 values (whole numbers: 2 to 12, with fractions: 2 to 5), three rows of
    each in the mean, and gaps in at most half of the rows. Points: 4 if its name ends in a word for an answer (`label`,
    `target`, `class`, `y`), 3 if such a word is in it, 2 if another word for a result does (`status`, `approved`,
    `is_…`); 2 if it is the last column, 1 if it is the first; 1 if it has two values; 1 if they are names or truth
    values; 2 less if its name is what is known of a person (`sex`, `age`). Of equal points the later column wins. Where
    the last column, or one that is called like an answer, is a measure, it is the label, unless a column of classes has
    4 points, and as many as the measure has for its name and place. A column that holds several labels of a row is
    ranked with those of classes; it has 4 points, too, if its name ends in a word for several answers (`tags`).

    Args:
        taken: columns that have another role.
        lists: columns that hold several labels of a row.
    """
    free = [one for one in profile.columns if one.name not in taken and not names.ends_in(one.name, names.TIMES)]
    if not free:
        return Guess("", "", [], "")
    points = {one.name: _points(one, free) for one in free if may_be(one) or one.name in lists}
    for name in points.keys() & set(lists):
        points[name] += max(0, 4 - _named(name)) * names.ends_in(name, names.LISTS)
    ranked = sorted(points, key=lambda name: (-points[name], -profile[name].place))
    measure = next((one.name for one in reversed(free) if one.is_measure and _named(one.name) >= 3), "")
    if not measure and free[-1].is_measure:
        measure = free[-1].name
    least = max(SURE, _of_name_and_place(profile[measure], free)) if measure else 0
    best = ranked[0] if ranked and points[ranked[0]] >= least else measure
    return Guess(best, _why(profile[best], free) if best else "", [name for name in ranked if name != best], measure)


def may_be(column: Column) -> bool:
    """Whether the values of a column can be classes."""
    if column.type in ("json", "date", "datetime") or not 2 <= column.distinct <= MOST_CLASSES:
        return False
    if column.is_measure or column.missing > 0.5:
        return False
    return column.known >= ROWS_OF_A_CLASS * column.distinct and column.words <= 4


def _named(name: str) -> int:
    if names.ends_in(name, names.ANSWERS):
        return 4
    if names.holds(name, names.ANSWERS):
        return 3
    first = (names.words(name) or [""])[0]
    return 2 if names.holds(name, names.RESULTS) or first in ("is", "has", "was", "will") else 0


def _points(column: Column, free: list[Column]) -> int:
    kind = (column.distinct == 2) + (column.type in ("string", "bool"))
    return _of_name_and_place(column, free) + kind - 2 * names.holds(column.name, names.PEOPLE)


def _of_name_and_place(column: Column, free: list[Column]) -> int:
    return _named(column.name) + (2 if column is free[-1] else 1 if column is free[0] else 0)


def _why(column: Column, free: list[Column]) -> str:
    reasons = []
    if _named(column.name):
        reasons.append("its name says so")
    if column is free[-1]:
        reasons.append("it is the last column")
    elif column is free[0]:
        reasons.append("it is the first column")
    return " and ".join([*reasons, f"it has {column.distinct} different values"])
