"""Folds of train for cross-validation, and the cap on its rows."""

import heapq

import numpy as np
import polars as pl

from shipworthy.data.column_index import Rows, first_equal
from shipworthy.data.hash_sampling import hash_uniform_rows
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits.assign import GROUP
from shipworthy.data.splits.schema import Split


def cap(store: RowStore, config: Split, seed: int) -> None:
    """Rejects rows of train beyond `config.train_rows`, chosen by hash."""
    if config.train_rows is None:
        return
    rows = _train(store)
    drawn = hash_uniform_rows(store.batches(["id"]), f"cap {seed}")[rows]
    over = np.sort(rows[np.argsort(drawn, kind="stable")][config.train_rows :])
    why = pl.Series([f"data.split.train_rows={config.train_rows}"], dtype=pl.String)
    store.reject_rows("train is capped", over, why.new_from_index(0, len(over)))


def fold(store: RowStore, config: Split, seed: int) -> None:
    """Gives the rows of train a `fold`, from 0: groups whole, folds of nearly equal size; null in other splits."""
    if not config.folds:
        return
    rows = _train(store)
    group = first_equal(store.batches([GROUP]), [GROUP])[rows]
    members, place, sizes = np.unique(group, return_inverse=True, return_counts=True)
    drawn = hash_uniform_rows(store.batches(["id"]), f"fold {seed}")[members]
    strata = first_equal(store.batches(["answer"]), ["answer"])[members] if config.stratify else np.zeros_like(members)
    # Large groups first: the small ones then even out the sizes.
    order = np.lexsort((drawn, -sizes, strata))
    folds = np.zeros(len(members), dtype=np.int8)
    load = [(0, k) for k in range(config.folds)]
    for i in order:
        rows_so_far, k = heapq.heappop(load)
        folds[i] = k
        heapq.heappush(load, (rows_so_far + int(sizes[i]), k))
    store.attach("fold", pl.Series(folds[place], dtype=pl.Int8), rows)


def _train(store: RowStore) -> Rows:
    """The numbers of train's rows."""
    return np.flatnonzero(
        np.concatenate([(frame["split"] == "train").to_numpy() for frame in store.batches(["split"])])
    )
