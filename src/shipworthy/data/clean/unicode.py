"""`data/normalize.py: normalize_text`, vectorised over a column."""

import sys
import unicodedata
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import groupby

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import UnicodeForm

# Python's \s; Rust's lacks the four separators of ASCII.
SPACES = r"[\s\x1c-\x1f]+"


def step(config: UnicodeForm, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """No control or invisible characters, single spaces, the normal form."""
    return CleanerResult(rows.with_columns(normalized(pl.col(name), config.form) for name in columns))


def normalized(text: pl.Expr, form: str = "NFC") -> pl.Expr:
    """The text as `clean` gives it, in the form NFC or NFKC of Unicode (Standard Annex 15)."""
    visible = text.str.replace_all(SPACES, " ").str.replace_all(_invisible(), "")
    known = visible.str.normalize("NFKC" if form == "NFKC" else "NFC")
    return known.str.replace_all(SPACES, " ").str.strip_chars(" ")


@cache
def _invisible() -> str:
    """A pattern of what Python does not call printable, so that both ways know the same version of Unicode."""
    ranges = "".join(f"\\x{{{low:x}}}-\\x{{{high:x}}}" for low, high in _ranges())
    return f"[{ranges}]"


def _ranges() -> Iterator[tuple[int, int]]:
    def hidden(code: int) -> bool:
        return not chr(code).isprintable() and unicodedata.category(chr(code)) not in ("Zs", "Cs")

    for is_hidden, run in groupby(range(sys.maxunicode + 1), hidden):
        codes = list(run)
        if is_hidden:
            yield codes[0], codes[-1]
