"""Mixes the sources of train in given proportions; which rows are dropped or repeated depends on their ids alone."""

from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.hash_sampling import hash_uniform_rows
from shipworthy.data.mixing.schema import Mixing
from shipworthy.data.row_store import RowStore

SOURCE = "_source"
"""The working column with a row's source."""
TIMES = "_times"


def mix(config: Mixing, store: RowStore, seed: int) -> dict[str, Any]:
    """Rejects rows of train, and has others again (id, `#`, 2 and so on); facts for the page: `mixing`.

    Args:
        config: the proportions.
        store: holds rows with id, split, and `_source` where `config` asks for one.
        seed: another seed takes other rows.

    Raises:
        UsageError: the weights don't name a source that train has, or name one that it hasn't.
    """
    if not config.by:
        return {}
    train = np.flatnonzero((store.column("split") == "train").to_numpy())
    sources = store.column(SOURCE)[train]
    have = dict(sources.value_counts().iter_rows())
    take = _numbers(config, have)
    times = (
        pl.DataFrame({"source": sources, "drawn": hash_uniform_rows(store.batches(["id"]), f"mix {seed}")[train]})
        .with_columns(
            take=pl.col("source").replace_strict(take, return_dtype=pl.Int64),
            have=pl.len().over("source"),
            place=pl.col("drawn").rank("ordinal").over("source"),
        )
        .select((pl.col("take") // pl.col("have") + (pl.col("place") <= pl.col("take") % pl.col("have"))).alias(TIMES))
    )[TIMES].cast(pl.Int32)
    store.attach(TIMES, times, train)
    too_many = pl.format("{} gives fewer rows than it has", pl.concat_str(pl.lit(f"{config.by}="), SOURCE))
    store.reject("mixing", pl.when(pl.col(TIMES) == 0).then(too_many))
    if (times > 1).any():
        store.expand(_repeated)
    store.drop(TIMES, SOURCE)
    total = sum(take.values())
    return {
        "mixing": [
            {"source": name, "rows": have[name], "rows_after": rows_after, "share": rows_after / total}
            for name, rows_after in sorted(take.items())
        ]
    }


def _numbers(config: Mixing, have: dict[str, int]) -> dict[str, int]:
    """How many rows each source gives, repetitions counted."""
    known = ", ".join(sorted(map(str, have)))
    for name in have:
        if name not in config.weights:
            value = "an empty value" if name is None else f"'{name}'"
            raise UsageError(
                f"data.mixing.weights does not name {value}, which column '{config.by}' has in train: give it a weight,"
                " 0 to leave its rows out."
            )
    wanted = {name: weight for name, weight in config.weights.items() if weight}
    for name in wanted:
        if name not in have:
            raise UsageError(
                f"data.mixing.weights names '{name}', and train has no row of it (column '{config.by}' has {known}): "
                "correct it."
            )
    whole = sum(wanted.values())
    total = min(config.repeat * have[name] / (weight / whole) for name, weight in wanted.items())
    numbers = {
        name: min(config.repeat * have[name], max(1, round(total * weight / whole))) for name, weight in wanted.items()
    }
    return {name: numbers.get(name, 0) for name in have}


def _repeated(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row as often as it says, the second time and later under an id of its own."""
    times = rows[TIMES].fill_null(1).to_numpy()
    place = np.repeat(np.arange(rows.height), times)
    again = np.arange(len(place)) - np.repeat(np.cumsum(times) - times, times)
    number = pl.Series(again + 1)
    later = pl.when(number > 1).then(pl.format("#{}", number)).otherwise(pl.lit(""))
    return rows[place].with_columns(pl.col("id") + later)
