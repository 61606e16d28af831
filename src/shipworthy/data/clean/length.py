"""Texts that are too short or too long."""

from collections.abc import Iterator, Sequence
from functools import cache

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import Length, Limits
from shipworthy.data.clean.unicode import by_python, rust
from shipworthy.models.normalize import word_pattern
from shipworthy.models.normalize import words as plain


def step(config: Length, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """Rejects rows with a text outside its limits; a missing text has no length."""
    faults = [damage for name, limits in config.columns.items() for damage in _faults(name, limits)]
    return CleanerResult(rows, {"length": pl.coalesce(*faults)})


def words(text: pl.Expr) -> pl.Expr:
    """The number of words of each text, as `models/normalize.py: words` finds them (words)."""
    return text.map_batches(_counted, return_dtype=pl.UInt32, is_elementwise=True)


def _counted(texts: pl.Series) -> pl.Series:
    found = texts.str.normalize("NFKC").str.count_matches(_word())
    return by_python(texts, found, lambda text: len(plain(text)))


@cache
def _word() -> str:
    return word_pattern(rust)


def _faults(name: str, limits: Limits) -> Iterator[pl.Expr]:
    for unit, length, low, high in (
        ("words", words(pl.col(name)), limits.min_words, limits.max_words),
        ("characters", pl.col(name).str.len_chars(), limits.min_characters, limits.max_characters),
    ):
        if low or high is not None:
            outside = (length < low) | ((length > high) if high is not None else pl.lit(value=False))
            allowed = (
                f"{name} has {{}} {unit}, not {low} to {high}"
                if high is not None
                else (f"{name} has {{}} {unit}, fewer than {low}")
            )
            yield pl.when(outside).then(pl.format(allowed, length))
