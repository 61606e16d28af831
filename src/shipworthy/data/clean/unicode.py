"""`models/normalize.py: normalize_text`, vectorised over a column."""

import unicodedata
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import Literal

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import UnicodeForm
from shipworthy.models.normalize import NOTHING, Ranges, as_class, normalize_text, ranges_of

Form = Literal["NFC", "NFKC"]
# Python's \s; Rust's lacks the four separators of ASCII.
SPACES = r"[\s\x1c-\x1f]+"


def step(config: UnicodeForm, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """No control characters or byte order marks, single spaces, the normal form."""
    return CleanerResult(rows.with_columns(normalized(pl.col(name), config.form) for name in columns))


def normalized(text: pl.Expr, form: str = "NFC") -> pl.Expr:
    """The text as `clean` gives it, in the form NFC or NFKC of Unicode (Standard Annex 15)."""
    return text.map_batches(
        partial(_normalized, "NFKC" if form == "NFKC" else "NFC"), return_dtype=pl.String, is_elementwise=True
    )


def _normalized(form: Form, texts: pl.Series) -> pl.Series:
    kept = texts.str.replace_all(SPACES, " ").str.replace_all(_nothing(), "")
    known = kept.str.normalize(form)
    done = known.str.replace_all(SPACES, " ").str.strip_chars(" ")
    return by_python(texts, done, lambda text: unicodedata.normalize(form, normalize_text(text)))


def by_python(texts: pl.Series, done: pl.Series, plain: Callable[[str], object]) -> pl.Series:
    """`done`, but of texts with characters that Python does not know what `plain` gives.

    Rust may know another version of Unicode; a text must not depend on which of the two ways it took.
    """
    unknown = texts.str.contains(_unknown()).fill_null(value=False).arg_true()
    if not len(unknown):
        return done
    return done.scatter(unknown, pl.Series([plain(text) for text in texts.gather(unknown)], dtype=done.dtype))


def rust(code: int) -> str:
    """A code point as polars' patterns write it."""
    return f"\\x{{{code:x}}}"


@cache
def _nothing() -> str:
    ranges: Ranges = [(low, high) for low, high in NOTHING if low != 0xD800]  # polars holds no surrogates
    return f"[{as_class(ranges, rust)}]"


@cache
def _unknown() -> str:
    """A pattern of the characters that Python's version of Unicode lacks."""
    ranges = ranges_of(lambda code: unicodedata.category(chr(code)) == "Cn")
    return f"[{as_class(ranges, rust)}{rust(0x31350)}-{rust(0x3FFFF)}]"
