"""Classes whose names look as if one was meant: `Ja` and `JA`, `1` and `1.0`, or one letter written in two ways."""

import re
import unicodedata
from collections.abc import Iterable

from shipworthy.models.raw_rows import NUMBER

LEADING_ZERO = re.compile("[+-]?0[0-9]")
"""How a number begins that is a name, such as `0012`."""
SHOWN = 3
"""Groups of names that a sentence tells."""


def warnings(classes: Iterable[str]) -> list[str]:
    """A sentence, where there are any; the names stay what is in the file."""
    by_look: dict[str, list[str]] = {}
    for name in classes:
        by_look.setdefault(_look(name), []).append(name)
    alike = [" and ".join(map(repr, names)) for names in by_look.values() if len(names) > 1]
    if not alike:
        return []
    more = f", and {len(alike) - SHOWN} more such" if len(alike) > SHOWN else ""
    return [
        f"the classes {', '.join(alike[:SHOWN])}{more} differ in their writing alone: if they are one, write them "
        "alike in the file"
    ]


def _look(name: str) -> str:
    """A name by its look: without case, spaces and forms of one letter; a number by its value."""
    text = "".join(unicodedata.normalize("NFKC", name).casefold().split())
    return str(float(text)) if NUMBER.fullmatch(text) and not LEADING_ZERO.match(text) else text
