"""Samples, folds and uniform numbers from the hash of a row's id: the same for any order or number of other rows."""

import hashlib
from collections.abc import Iterable
from typing import Any

import numpy as np
import polars as pl


def hash_uniform(ids: Iterable[str], salt: str) -> list[float]:
    """A number in [0, 1) for each id, uniform over ids; another salt gives other numbers."""
    keyed = hashlib.blake2b(salt.encode(), digest_size=8)
    return [_number(keyed.copy(), identity) for identity in ids]


def _number(digest: "hashlib.blake2b", identity: str) -> float:
    digest.update(b"\0" + identity.encode())
    return int.from_bytes(digest.digest()[:7], "big") / (1 << 56)


def hash_uniform_rows(frames: Iterable[pl.DataFrame], salt: str) -> np.ndarray[Any, Any]:
    """`hash_uniform` of each row's id, over all frames: shape (n,), float64."""
    return np.concatenate([np.array(hash_uniform(frame["id"], salt), dtype=np.float64) for frame in frames])


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
    """The n ids with the lowest numbers; None if there are no more than n."""
    kept = pl.DataFrame(schema={"id": pl.String, "draw": pl.Float64})
    total = 0
    for batch in ids.collect_batches(engine="streaming"):
        total += batch.height
        drawn = batch.with_columns(pl.Series("draw", hash_uniform(batch["id"], salt), dtype=pl.Float64))
        kept = pl.concat([kept, drawn]).bottom_k(n, by=["draw", "id"])
    return None if total <= n else kept.select("id")


def folds(keys: pl.Series, k: int, salt: str) -> pl.Series:
    """The fold of each key, 0 to k - 1 (int): equal keys, such as the cluster of near-duplicates, share one."""
    return pl.Series(np.floor(np.array(hash_uniform(keys, salt)) * k).astype(np.int64))
