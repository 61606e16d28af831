"""Which columns hold several labels of a row: lists of names, or texts in which a sign stands between them.

A sign between words proves nothing: sentences, addresses and `Doe, John` have it, too. Labels come again in other rows,
few of them in many, each once in a row, and most that follow another one stand first, or alone, elsewhere.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from shipworthy.data.kinds.label_lists import divided, names_in
from shipworthy.data.look.profile import Column, Profile

SEPARATORS = ("|", ";", ",")
MOST_LABELS = 100
"""As many as model=tfidf_labels takes on."""
ROWS_OF_A_LABEL = 3
"""In the mean."""
SEVERAL = 0.05
"""The least share of the rows that have two labels or more."""
SOUND = 0.99
"""The least share of the rows that are such lists, and that name no label twice."""
FIRST_TOO = 0.6
"""Of the labels that stand behind another one, the least share that also stands first."""
WORDS = 4
"""Of a label at most, in the mean."""


@dataclass(frozen=True)
class Lists:
    """Labels of rows.

    Attributes:
        separator: what is between them (empty: they are lists).
    """

    separator: str


def find(profile: Profile) -> dict[str, Lists]:
    """Column → how its labels are written, for all columns that hold some."""
    found = {column.name: _of(profile, column) for column in profile.columns}
    return {name: lists for name, lists in found.items() if lists is not None}


def _of(profile: Profile, column: Column) -> Lists | None:
    if column.type not in ("string", "json") or not column.known or column.missing > 0.5:
        return None
    texts = profile.values(column).to_list()
    if column.type == "json" or texts[0].lstrip().startswith(("[", "(", "{")):
        lists = [names_in(text) for text in texts]
        sound = [one for one in lists if isinstance(one, list)]
        return Lists("") if len(sound) >= SOUND * len(lists) and _are_labels(sound) else None
    for separator in SEPARATORS:
        rows = [divided(text, separator) for text in texts]
        if _are_labels(rows) and _recombined(rows) and not (separator == "," and _are_numbers(rows)):
            return Lists(separator)
    return None


def _are_labels(rows: Sequence[Sequence[str]]) -> bool:
    """Whether a few names come again and again, and several of them together."""
    counts = Counter(label for row in rows for label in row)
    if not 2 <= len(counts) <= MOST_LABELS or counts.total() < ROWS_OF_A_LABEL * len(counts):
        return False
    several, once = sum(len(row) > 1 for row in rows), sum(len(set(row)) == len(row) for row in rows)
    words = sum(len(label.split()) for label in counts) / len(counts)
    return several >= SEVERAL * len(rows) and once >= SOUND * len(rows) and words <= WORDS


def _recombined(rows: Sequence[Sequence[str]]) -> bool:
    """Whether what stands behind a sign stands before it, or alone, in other rows: no part has a place of its own."""
    first, later = {row[0] for row in rows if row}, {label for row in rows for label in row[1:]}
    return len(later & first) >= FIRST_TOO * len(later)


def _are_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the sign may be a decimal comma: in most rows digits stand around it, or alone."""
    return sum(all(label.isdigit() for label in row) for row in rows) > len(rows) / 2
