"""How raw rows are read, in a data set as in a package, which carries this file and normalize.py as they are.

A column of numbers has a gap where nothing stands, one of `MISSING`, one of the markers of `data.missing`, NaN, or what
is not finite. A column of names has a gap where nothing stands but spaces, or one of the markers of `data.missing`;
every other text is a name, `NA` and `None` too.
"""

import math
import re
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

if (Path(__file__).parent / "raw.json").is_file():  # in a package normalize.py lies beside this file
    from normalize import normalize_text, truncate
else:
    from shipworthy.models.normalize import normalize_text, truncate

FILE = "raw.json"
NUMBER_COLUMN, NAME_COLUMN, TRUTH_COLUMN, TIME_COLUMN, TEXT_COLUMN = "number", "name", "truth", "time", "text"
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_SPACES = (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
SPACES = "".join(map(chr, _SPACES))
"""What Unicode calls white space, and polars strips."""
MARKS = (
    "- -- . ? na n/a <na> nan -nan null none nil inf +inf -inf infinity +infinity -infinity #n/a #na #null! #div/0! "
    "#value! #ref! #num! #name? 1.#ind -1.#ind 1.#qnan -1.#qnan"
)
MISSING = frozenset(["", *MARKS.split()])
"""What stands for a missing number, in lower case: the marks of pandas, R, spreadsheets and databases."""


def text_of(value: Any) -> str | None:
    """A scalar as JSON writes it, text without quotes; a number with a point as it was written, if that is known."""
    match value:
        case None:
            return None
        case bool():
            return "true" if value else "false"
        case float():
            return str(getattr(value, "written", value))
        case _:
            return str(value)


def is_missing_number(text: str, markers: Collection[str]) -> bool:
    """Whether text in a column of numbers is a gap.

    Args:
        markers: those of `data.missing`.
    """
    bare = text.strip(SPACES)
    return bare in markers or bare.lower() in MISSING


def number(value: Any, markers: Collection[str]) -> float | None:
    """A value of a column of numbers; None: it is missing.

    Raises:
        ValueError: it is no number.
    """
    text = text_of(value)
    if text is None or is_missing_number(text, markers):
        return None
    if isinstance(value, bool) or not NUMBER.fullmatch(text.strip(SPACES)):
        raise ValueError(f"'{text}' is no number")
    found = float(text.strip(SPACES))
    return found if math.isfinite(found) else None


def name(value: Any, markers: Collection[str]) -> str | None:
    """A value of a column of names, without spaces around it; None: it is missing."""
    text = text_of(value)
    bare = "" if text is None else text.strip(SPACES)
    return None if bare == "" or bare in markers else bare


def truth(value: Any, markers: Collection[str]) -> str | None:
    """A value of a column of truth: `true` or `false`, in whatever case it is written; anything else is a name."""
    found = name(value, markers)
    return found.lower() if found and found.lower() in ("true", "false") else found


class RawRows:
    """Reads raw rows as `prepare` read those that the model was trained on.

    Args:
        saved: the content of raw.json: `columns` (name → number, name, truth, time or text), `missing` (the markers of
            `data.missing`), `form` (of Unicode; null: texts stay as they are), `truncate` (column → max_characters and
            keep).
    """

    def __init__(self, saved: Mapping[str, Any]) -> None:
        self.columns: Mapping[str, str] = saved["columns"]
        self.missing = frozenset(saved["missing"])
        self.form: str | None = saved["form"]
        self.cuts: Mapping[str, Mapping[str, Any]] = saved["truncate"]

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with its values read: float, str, or None where one is missing; other columns stay as they are.

        Raises:
            ValueError: a value of a column of numbers is none.
        """
        return {column: self._value(column, value) for column, value in row.items()}

    def _value(self, column: str, value: Any) -> Any:
        kind = self.columns.get(column)
        if kind is None or value is None:
            return value
        if kind == NUMBER_COLUMN:
            try:
                return number(value, self.missing)
            except ValueError as error:
                raise ValueError(f"column {column}: {error}") from error
        text = self._cleaned(column, str(text_of(value)))
        if kind == TEXT_COLUMN:
            return text
        return truth(text, self.missing) if kind == TRUTH_COLUMN else name(text, self.missing)

    def _cleaned(self, column: str, text: str) -> str:
        if self.form:
            text = normalize_text(text, self.form)
        cut = self.cuts.get(column)
        return truncate(text, cut["max_characters"], cut["keep"]) if cut else text
