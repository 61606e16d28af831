"""Some of many rows, chosen by the hash of their ids: always the same ones, whatever their order."""

import numpy as np
import polars as pl

from shipworthy.data.draw import draw


def sample(rows: pl.LazyFrame, n: int, salt: str) -> pl.DataFrame:
    """At most n rows, by id; memory grows with n, not with the rows.

    Args:
        rows: with a unique `id` (str).
        n: how many.
        salt: another one gives other rows.
    """
    ids = _lowest(rows.select("id"), n, salt)
    kept = rows if ids is None else rows.join(ids.lazy(), on="id", how="semi")
    return kept.collect(engine="streaming").sort("id")


def _lowest(ids: pl.LazyFrame, n: int, salt: str) -> pl.DataFrame | None:
    """The n ids with the lowest draws; None if there are no more than n."""
    kept = pl.DataFrame(schema={"id": pl.String, "draw": pl.Float64})
    total = 0
    for batch in ids.collect_batches(engine="streaming"):
        total += batch.height
        drawn = batch.with_columns(pl.Series("draw", draw(batch["id"], salt), dtype=pl.Float64))
        kept = pl.concat([kept, drawn]).bottom_k(n, by=["draw", "id"])
    return None if total <= n else kept.select("id")


def folds(keys: pl.Series, k: int, salt: str) -> pl.Series:
    """The fold of each key, 0 to k - 1 (int): equal keys, such as the cluster of near-duplicates, share one."""
    return pl.Series(np.floor(np.array(draw(keys, salt)) * k).astype(np.int64))
