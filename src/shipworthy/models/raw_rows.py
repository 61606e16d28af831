"""How raw rows are read, in a data set as in a package, which carries this file and what it imports as they are.

A column is called by its name without white space around it, in every format.

A column of numbers has a gap where nothing stands, one of `MISSING`, one of the markers of `data.missing`, NaN, or what
is not finite. A column of names has a gap where nothing stands but spaces, or one of the markers of `data.missing`;
every other text is a name, `NA` and `None` too. A number may stand as spreadsheets show it: `1,234.50`, `$ 5`, `12%`,
and one below 0 as `−5`, `(5)` and `5-`.
"""

import math
import re
from collections.abc import Collection, Mapping
from typing import Any

from shipworthy.models.causal_lm.conversation import dumps, parse, with_texts
from shipworthy.models.clean_text import TextCleaner
from shipworthy.models.json_row import text_of

FILE = "raw.json"
NUMBER_COLUMN, NAME_COLUMN, TIME_COLUMN = "number", "name", "time"
"""What the columns of a table are."""
TEXT_COLUMN, MESSAGES_COLUMN, TOOLS_COLUMN = "text", "messages", "tools"
"""What the columns of questions and of conversations are."""
NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
POINT, COMMA = ".", ","
"""What may stand before a number's decimals."""
_SPACES = (*range(9, 14), 32, 0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
SPACES = "".join(map(chr, _SPACES))
"""What Unicode calls white space, and polars strips."""
_AROUND_NAMES = SPACES + "\ufeff\u200b"
"""What is left out around the names of columns: white space, byte order marks, and spaces of no width."""
MARKS = (
    "- -- – — . .. : ? * na n/a n.a. n/d n.d. <na> nan -nan null none nil "
    "inf +inf -inf infinity +infinity -infinity ∞ +∞ -∞ 1.#inf -1.#inf 1.#ind -1.#ind 1.#qnan "
    "#n/a #na #null! #div/0! #value! #ref! #num! #name? "
    "#nv #wert! #bezug! #zahl! #valeur! #nom? #nombre! #¡valor! #¡div/0! #¡ref! #¡num! #¿nombre?"
)
MISSING = frozenset(["", *MARKS.split()])
"""What stands for a missing number, in lower case: the marks of pandas, R, spreadsheets and databases."""


_SHOWN = (
    r"(?P<sign>[+\-−]?)(?P<before>{currency})[ \u00a0\u202f]?(?P<back>[-−]?)"
    r"(?P<whole>[0-9]{{1,3}}(?P<group>[{group} \u00a0\u202f'’])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*|[0-9]*)"
    r"(?:[{decimal}](?P<rest>[0-9]*))?(?P<exponent>(?:[eE][+-]?[0-9]+)?)[ \u00a0\u202f]?(?P<after>%|{currency})"
)
_CURRENCY = (
    r"(?:[$€£¥₹₩₽₺₪₫฿₴₦₱]|R\$|kr\.?|zł|Kč|Ft|lei|CHF|CNY|CZK|DKK|EUR|GBP|HUF|INR|JPY|NOK|PLN|RON|SEK|USD|BRL|CAD|AUD)?"
)
SHOWN = {
    POINT: re.compile(_SHOWN.format(group=COMMA, decimal=POINT, currency=_CURRENCY)),
    COMMA: re.compile(_SHOWN.format(group=POINT, decimal=COMMA, currency=_CURRENCY)),
}
"""Decimal mark → a number as a spreadsheet shows it: digits in groups of three, a currency's sign or % beside it."""

BELOW_ZERO = re.compile(r"\(([^()]+)\)|(.*[0-9])-")
"""A number below 0 as accountants write it, in brackets or with its sign behind."""


def shown_number(text: str, decimal: str) -> tuple[str, str] | None:
    """A number as Python reads it, and the sign beside it (empty: none); None: the text is no number.

    Args:
        text: without white space around it.
        decimal: `POINT` or `COMMA`.
    """
    if decimal == POINT and NUMBER.fullmatch(text):
        return text, ""
    if inner := BELOW_ZERO.fullmatch(text):
        read = shown_number(inner[1] or inner[2], decimal)
        return (f"-{read[0]}", read[1]) if read and read[0][0] not in "+-" else None
    found = SHOWN[decimal].fullmatch(text)
    if not found or not (found["whole"] or found["rest"]) or (found["before"] and found["after"]):
        return None
    if found["sign"] and found["back"]:
        return None
    whole = "".join(sign for sign in found["whole"] if sign.isdecimal())
    minus = (found["sign"] or found["back"]).replace("−", "-")
    plain = f"{minus}{whole or 0}.{found['rest'] or 0}{found['exponent']}"
    return plain, found["before"] or found["after"]


def is_missing_number(text: str, markers: Collection[str]) -> bool:
    """Whether text in a column of numbers is a gap.

    Args:
        markers: those of `data.missing`.
    """
    bare = text.strip(SPACES)
    return bare in markers or bare.lower() in MISSING


def number(value: Any, markers: Collection[str], decimal: str = POINT) -> float | None:
    """A value of a column of numbers; None: it is missing.

    Args:
        markers: those of `data.missing`.
        decimal: what comes before a text's decimals; a number of JSON has a point.

    Raises:
        ValueError: it is no number.
    """
    text = text_of(value)
    if text is None or is_missing_number(text, markers):
        return None
    shown = shown_number(text.strip(SPACES), decimal if isinstance(value, str) else POINT)
    if isinstance(value, bool) or shown is None:
        raise ValueError(f"'{text}' is no number")
    found = float(shown[0])
    return found if math.isfinite(found) else None


def column_name(written: str) -> str:
    """What a column is called whose name stands so in a file or a row: without white space around it."""
    return written.strip(_AROUND_NAMES)


def name(value: Any, markers: Collection[str]) -> str | None:
    """A value of a column of names, without spaces around it; None: it is missing."""
    text = text_of(value)
    bare = "" if text is None else text.strip(SPACES)
    return None if bare == "" or bare in markers else bare


class RawRows:
    """Reads raw rows as `prepare` read those that the model was trained on.

    Of a table a column that a row lacks is missing, so a name that the table did not have is refused. Of text every
    column that the model looks at must be there, and others are left out.

    Args:
        saved: the content of raw.json: `columns` (name → number, name, time, text, messages or tools), `types` (those
            of the source, where it is no string), `missing` (the markers of `data.missing`), `decimal` (what stands
            before the decimals of numbers in text), `others` (of a table the columns of the source that are no
            features), `clean` (see `TextCleaner`).
        needed: the columns that the model looks at.
    """

    def __init__(self, saved: Mapping[str, Any], needed: Collection[str]) -> None:
        self.columns: Mapping[str, str] = saved["columns"]
        self.types: Mapping[str, str] = saved["types"]
        self.missing = frozenset(saved["missing"])
        self.decimal: str = saved["decimal"]
        self.others = frozenset(saved["others"])
        self.clean = TextCleaner(saved["clean"])
        self.needed = [name for name in needed if self.columns.get(name) == TEXT_COLUMN]
        self.is_table = bool({NUMBER_COLUMN, NAME_COLUMN, TIME_COLUMN} & set(self.columns.values()))
        by_role = {role: name for name, role in self.columns.items()}
        self.messages, self.tools = by_role.get(MESSAGES_COLUMN), by_role.get(TOOLS_COLUMN)

    def read(self, row: Mapping[str, Any]) -> dict[str, Any]:
        """A row with its values read: int, float, str, or None where one is missing; conversations as JSON text.

        Raises:
            ValueError: the row lacks a column or has an unknown one, or a value is none of its column.
        """
        row = _by_column(row)
        if self.messages is not None:
            return self._conversation(self.messages, row)
        if self.is_table:
            for name in row:
                if name not in self.columns and name not in self.others:
                    raise ValueError(f"there is no column {name}; the columns are {', '.join(self.columns)}")
            return {name: self._value(name, row.get(name)) for name in self.columns}
        for name in self.needed:
            if row.get(name) is None:
                raise ValueError(f"a row lacks {name}; it needs {', '.join(self.needed)}")
        found = {name: self._value(name, row[name]) for name in self.needed}
        for name in self.needed:
            if not found[name]:
                raise ValueError(f"{name} is empty")
        return found

    def _conversation(self, messages: str, row: Mapping[str, Any]) -> dict[str, Any]:
        if messages not in row:
            raise ValueError(f"a row lacks {messages}")
        tools = text_of(row.get(self.tools)) if self.tools else None
        conversation = parse(text_of(row[messages]), tools)
        cleaned = with_texts(conversation.messages, lambda text: self.clean(messages, text))
        return {messages: dumps(cleaned), **({self.tools: tools} if self.tools else {})}

    def _value(self, column: str, value: Any) -> Any:
        role, kind = self.columns[column], self.types.get(column, "string")
        if isinstance(value, list | dict) and kind != "json":
            raise ValueError(f"column {column}: a list or an object is no {role}")
        try:
            if role == NUMBER_COLUMN:
                return _measure(value, kind, self.missing, self.decimal)
            text = _typed(value, kind, self.missing)
        except ValueError as error:
            raise ValueError(f"column {column}: {error}") from error
        if text is None:
            return None
        if role != TIME_COLUMN:
            text = self.clean(column, text)
        return text if role == TEXT_COLUMN else name(text, self.missing)


def _by_column(row: Mapping[str, Any]) -> Mapping[str, Any]:
    """The row by the names of its columns.

    Raises:
        ValueError: it names one twice, but for the white space around it.
    """
    found: dict[str, Any] = {}
    for written, value in row.items():
        called = column_name(written)
        if called in found:
            raise ValueError(f"a row names the column {called} twice")
        found[called] = value
    return found


def _typed(value: Any, kind: str, markers: Collection[str]) -> str | None:
    """A value of a column of names or texts, as text; of a source's numbers and truth values in their one form."""
    text = text_of(value)
    if text is None or kind not in ("int", "float", "bool"):
        return text
    bare = text.strip(SPACES)
    if kind == "bool":
        if bare == "" or bare in markers:
            return None
        if bare.lower() not in ("true", "false"):
            raise ValueError(f"'{text}' is neither true nor false")
        return bare.lower()
    found = _measure(value, kind, markers)
    return None if found is None else str(found)


def _measure(value: Any, kind: str, markers: Collection[str], decimal: str = POINT) -> float | None:
    """A value of a source's column of numbers; one that is written whole, in a column of whole numbers, as int."""
    found, bare = number(value, markers, decimal), str(text_of(value)).strip(SPACES)
    return int(bare) if found is not None and kind == "int" and bare.lstrip("+-").isdigit() else found
