"""How a raw value is read as a number or a name, in a data set as in a package, which carries this file as it is.

A column of numbers has a gap where nothing stands, one of `MISSING`, one of the markers of `data.missing`, NaN, or what
is not finite. A column of names has a gap where nothing stands but spaces, or one of the markers of `data.missing`;
every other text is a name, `NA` and `None` too.
"""

import math
import re
from collections.abc import Collection
from typing import Any

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
