"""Applies the cleaners to the rows of a `RowStore`."""

from collections.abc import Sequence
from functools import partial

import polars as pl

from shipworthy.data.clean.apply import apply
from shipworthy.data.clean.schema import Cleaning
from shipworthy.data.row_store import RowStore

WORKING = "_clean_"


def clean(config: Cleaning, store: RowStore, columns: Sequence[str]) -> dict[str, int]:
    """Cleans the texts of `columns` and rejects rows; returns what the cleaners counted, for the report."""
    planned = apply(config, pl.LazyFrame(schema=store.columns), columns)
    store.map(partial(_cleaned, config, columns))
    counted = store.rows.select(**planned.counts).collect(engine="streaming") if planned.counts else pl.DataFrame()
    for reason, detail in planned.rejections:
        store.reject(reason, detail)
    store.drop(*(name for name in store.columns if name.startswith(WORKING)))
    return {name: int(counted[name][0]) for name in planned.counts}


def _cleaned(config: Cleaning, columns: Sequence[str], rows: pl.DataFrame) -> pl.DataFrame:
    return apply(config, rows.lazy(), columns).rows.collect()
