"""Checks that no cluster, group or exact row is in two splits, and records what `scripts/check_split` needs.

    split_check.parquet   one line per row that was split: id, split, cluster, group, row (hash of its features), and
                          time if the split is by time
    split_check.json      columns, counts, and the hash of all lines

A group is named by its lowest id, and the hash of a row excludes its answer, so that no answer of the test split can
be derived from them.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.files import read_json, write_json
from shipworthy.data.column_index import Rows, first_equal
from shipworthy.data.parts import write_table
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits.assign import GROUP, NAMES
from shipworthy.data.splits.by_time import times_of
from shipworthy.data.splits.schema import Split

TABLE = "split_check.parquet"
FILE = "split_check.json"
ROW_BYTES = 12


def check_disjoint(store: RowStore, config: Split, features: list[str]) -> dict[str, dict[str, int]]:
    """For each of cluster, group, row and `group_columns`: how many values there are, and how many are in two splits.

    Raises:
        AssertionError: a value is in two splits.
    """
    codes = np.concatenate(
        [
            frame["split"].replace_strict(list(NAMES), [0, 1, 2], return_dtype=pl.Int8).to_numpy()
            for frame in store.batches(["split"])
        ]
    )
    counts = {}
    keys = {"cluster": ["cluster"], "group": [GROUP], "row": features} | {name: [name] for name in config.group_columns}
    for name, columns in keys.items():
        first = first_equal(store.batches(columns), columns)
        if name in config.group_columns:
            empty = np.concatenate([frame[name].is_null().to_numpy() for frame in store.batches([name])])
            first[empty] = np.flatnonzero(empty)
        counts[name] = _count(first, codes)
        assert not counts[name]["in two splits"], f"{name} is in two splits"
    return counts


def _count(first: Rows, codes: Rows) -> dict[str, int]:
    """How many values there are, and how many of them are in rows of two splits."""
    values = int((first == np.arange(len(first))).sum())
    return {"values": values, "in two splits": len(np.unique(first[codes != codes[first]]))}


def write(
    folder: Path,
    store: RowStore,
    config: Split,
    features: list[str],
    counts: dict[str, dict[str, int]],
    *,
    rewritten: bool,
) -> None:
    """Writes both files.

    Args:
        folder: the dataset's.
        store: the rows as they were split.
        features: the columns that are hashed.
        counts: what `check_disjoint` counted.
        rewritten: whether a step after the split changes features, so that the dataset's rows have other hashes.
    """
    digest = hashlib.sha256()

    def lines() -> Iterator[pl.DataFrame]:
        for frame in store.batches():
            kept = frame.select(
                "id", "split", "cluster", pl.col(GROUP).alias("group"), pl.Series("row", row_hashes(frame, features))
            )
            if config.time:
                kept = kept.with_columns(pl.Series("time", times_of(frame[config.time])))
            update(digest, kept)
            yield kept

    rows = write_table(lines(), folder / TABLE)
    facts: dict[str, Any] = {
        "version": 1,
        "rows": rows,
        "columns": features,
        "rewritten": rewritten,
        "group_columns": config.group_columns,
        "time": config.time,
        "folds": config.folds,
        "counts": counts,
        "sha256": digest.hexdigest(),
    }
    write_json(folder / FILE, facts)


def mark_rewritten(folder: Path) -> None:
    """Notes that a later step changes features: `write` did not know of it."""
    write_json(folder / FILE, {**read_json(folder / FILE), "rewritten": True})


def row_hashes(frame: pl.DataFrame, features: list[str]) -> list[bytes]:
    """BLAKE2b (12 bytes) of each row's features as a line of JSON, without its end."""
    lines = frame.select(features).write_ndjson().encode().split(b"\n")[: frame.height]
    return [hashlib.blake2b(line, digest_size=ROW_BYTES).digest() for line in lines]


def update(digest: Any, frame: pl.DataFrame) -> None:
    """Adds a part of the table to its hash: a line per row, its values with tabs between them."""
    written = frame.with_columns(pl.col("row").bin.encode("hex"))
    digest.update(written.write_csv(include_header=False, separator="\t", quote_style="never").encode())
