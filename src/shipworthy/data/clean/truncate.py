"""Texts that are too long, cut to a number of characters: the same rule for every split, and for any tokenizer."""

from collections.abc import Sequence
from functools import partial

import polars as pl

from shipworthy.data.clean.apply import CleanerResult
from shipworthy.data.clean.schema import Cut, Truncate
from shipworthy.models.normalize import truncate


def step(config: Truncate, rows: pl.LazyFrame, columns: Sequence[str]) -> CleanerResult:
    """Cuts the texts of some columns; how many were cut is counted."""
    long = {
        f"_clean_cut_{name}": pl.col(name).str.len_chars().fill_null(0) > cut.max_characters
        for name, cut in config.columns.items()
    }
    short = (
        pl.col(name).map_batches(partial(_cut, cut), return_dtype=pl.String, is_elementwise=True)
        for name, cut in config.columns.items()
    )
    cut = pl.sum_horizontal(*(pl.col(name) for name in long)).sum()
    return CleanerResult(rows.with_columns(**long).with_columns(*short), counts={"truncate: cut": cut})


def _cut(config: Cut, texts: pl.Series) -> pl.Series:
    long = (texts.str.len_chars().fill_null(0) > config.max_characters).arg_true()
    if not len(long):
        return texts
    short = [truncate(text, config.max_characters, config.keep) for text in texts.gather(long)]
    return texts.clone().scatter(long, pl.Series(short, dtype=pl.String))
