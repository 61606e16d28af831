"""The cleaners' pass over the rows of a sieve."""

from collections.abc import Sequence
from functools import partial

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.sieve import Sieve

WORKING = "_clean_"


def clean(config: Cleaning, sieve: Sieve, columns: Sequence[str]) -> dict[str, int]:
    """Cleans the texts of `columns` and rejects what the cleaners do; what they counted, for the report."""
    planned = apply(config, pl.LazyFrame(schema=sieve.columns), columns)
    sieve.map(partial(_cleaned, config, columns))
    counted = sieve.rows.select(**planned.counts).collect(engine="streaming") if planned.counts else pl.DataFrame()
    for reason, detail in planned.rejections:
        sieve.reject(reason, detail)
    sieve.drop(*(name for name in sieve.columns if name.startswith(WORKING)))
    return {name: int(counted[name][0]) for name in planned.counts}


def _cleaned(config: Cleaning, columns: Sequence[str], rows: pl.DataFrame) -> pl.DataFrame:
    return apply(config, rows.lazy(), columns).rows.collect()
