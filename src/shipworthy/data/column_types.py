"""The types of a source's columns, where none are declared.

Text, answers, ids and names stay as they are in the file. Of the columns that may be numbers (a table's features, and
the time by which rows are split) the type is inferred from all rows:

- typed values (parquet, JSON) keep their type, in all other columns they are text, as JSON writes them;
- text is a number if every value that isn't missing reads as one, none has a leading zero (`0012` is a name), and one
  at least is there; whole numbers of 64 bits are `int`, others `float` (missing: see models/raw_rows.py);
- so is text that spreadsheets show numbers as, `1,234.50` or `12%`, with the same sign (%, $ …) in all rows or none;
- text is truth if every value that isn't empty is true or false, in any case, as typed values are `true` and `false`;
- JSON strings alone are names, whatever they look like; numbers and strings in one column are numbers if all strings
  read as numbers or gaps, else names.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

import polars as pl

from shipworthy.data.columns import DECIMAL, type_of
from shipworthy.models.raw_rows import POINT, SPACES, is_missing_number, shown_number

WHOLE = r"^[+-]?[0-9]+$"
TRUTH = ["true", "false"]
MANY, FEW = 10, 3
"""So many different numbers, and so few other texts, make a column that was meant to hold numbers."""
LEADING_ZERO = r"^[+-]?0[0-9]"


class Guess:
    """The type of one column, from its values batch by batch.

    Args:
        name: for messages.
        measured: whether it may hold numbers; otherwise text stays text.
        markers: the texts that stand for a missing value.
        decimal: what comes before the decimals of numbers in text.

    Attributes:
        among_numbers: the few texts that make names of a column that holds numbers else.
    """

    def __init__(self, name: str, markers: Collection[str], *, measured: bool, decimal: str = POINT) -> None:
        self.name, self.markers, self.measured, self.decimal = name, markers, measured, decimal
        self._signs: set[str] = set()  # beside numbers, such as %
        self._typed: set[str] = set()  # types of values that have one
        self._text: set[str] = set()  # what text looks like: int, float, string
        self._untyped = False
        self.among_numbers: list[str] = []

    def add(self, values: pl.Series | Sequence[Any], *, untyped: bool) -> None:
        """Looks at some values.

        Args:
            untyped: whether they are text that says nothing of its type, as in CSV.

        Raises:
            UsageError: they are of a type that no column has.
        """
        self._untyped |= untyped
        if isinstance(values, pl.Series) and not untyped:
            self._typed |= set() if values.dtype == pl.Null else {type_of(self.name, values.dtype)}
            return
        if not isinstance(values, pl.Series):
            self._typed |= {_of_value(value) for value in values if not isinstance(value, str | None)}
            values = pl.Series([value for value in values if isinstance(value, str)], dtype=pl.String)
        if self.measured and "string" not in self._text:
            self._text |= self._look_of(values)

    def _look_of(self, values: pl.Series) -> set[str]:
        """Whether text reads as whole numbers, other numbers or names; nothing of what is missing."""
        bare = values.drop_nulls().unique().str.strip_chars(SPACES)
        names = bare.filter(~bare.is_in(["", *self.markers]))
        if names.len() and names.str.to_lowercase().is_in(TRUTH).all():
            return {"bool"}
        whole, plain = bare.str.contains(WHOLE), bare.str.contains(DECIMAL if self.decimal == POINT else WHOLE)
        if bare.filter(plain).str.contains(LEADING_ZERO).any():
            return {"string"}
        if plain.any():
            self._signs.add("")
        shown = False
        for text in bare.filter(~plain):
            if is_missing_number(text, self.markers):
                continue
            number = shown_number(text, self.decimal)
            if number is None or re.match(LEADING_ZERO, number[0]):
                self.among_numbers = self._few_others(bare.filter(~plain), int(plain.sum()))
                return {"string"}
            self._signs.add(number[1])
            shown = True
        if len(self._signs) > 1:
            return {"string"}
        large = bare.filter(whole).cast(pl.Int64, strict=False).null_count()
        looks = {"int": whole.any(), "float": large or shown or (plain & ~whole).any()}
        return {kind for kind, seen in looks.items() if seen}

    def _few_others(self, texts: pl.Series, numbers: int) -> list[str]:
        """What is neither number nor gap, if numbers are many and such texts few."""
        if numbers < MANY or texts.len() > numbers // 2:
            return []
        known = [text for text in texts if not is_missing_number(text, self.markers)]
        others = sorted(text for text in known if shown_number(text, self.decimal) is None)
        return others if len(others) <= FEW else []

    @property
    def type(self) -> str:
        """What it is, with ?, for each may be empty."""
        return self._type() + "?"

    def _type(self) -> str:
        if "json" in self._typed:
            return "json"
        if not self.measured:
            return "string"
        seen = self._typed | (self._text if self._untyped or self._typed else set())
        if seen and seen <= {"int", "float"}:
            return "float" if "float" in seen else "int"
        if seen == {"date", "datetime"}:
            return "datetime"
        return seen.pop() if len(seen) == 1 else "string"


def _of_value(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int():
            return "int" if -(2**63) <= value < 2**63 else "float"
        case float():
            return "float"
        case _:
            return "json"
