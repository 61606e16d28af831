"""Divides rows into train, validation and test by groups: no group has rows in two splits."""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.progress import say
from shipworthy.data.column_index import Rows, first_equal, sparse
from shipworthy.data.duplicates.connected_components import merge_components
from shipworthy.data.hash_sampling import hash_uniform_rows
from shipworthy.data.left_out import NoRowsError, causes
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits import balanced
from shipworthy.data.splits.by_time import by_time
from shipworthy.data.splits.schema import Split

# A group that would fill a larger share of a split than this goes to train, so that no group dominates a metric.
LARGEST_GROUP = 0.1
NAMES = ("train", "validation", "test")
TRAIN, VALIDATION, TEST = range(3)
GROUP = "_group"
"""The working column with the id of the lowest row of a row's group."""
SHOWN = 5
"""Classes that a message names."""


def assign(store: RowStore, config: Split, seed: int, features: list[str], *, classes: bool = False) -> None:
    """Gives each row its `split` and its group (`_group`); the result does not depend on the order of the rows.

    Args:
        store: holds rows with id, cluster, answer, and the columns that `config` names.
        config: the sizes of the splits, and which rows form a group.
        seed: another seed gives another division.
        features: rows that are equal in all of these are in one group.
        classes: whether the answers are classes, of which train must have all: at random, a class that would stand
            outside of train alone gives a group of its rows to train.

    Raises:
        UsageError: the column of `config.time` holds no times.
        NoRowsError: a split would be empty.
    """
    if config.time:
        store.reject("no time", pl.when(pl.col(config.time).is_null()).then(pl.lit(f"{config.time} is empty")))
    group = groups(store, config.group_columns, features)
    if config.time:
        codes, late = by_time(store, group, config)
    else:
        codes, late = at_random(store, group, config, seed), np.zeros(0, dtype=np.int64)
        if classes and "answer" not in config.group_columns:
            _rare_to_train(store, codes, group)
    for code, name in enumerate(NAMES):
        if not (np.delete(codes, late) == code).any():
            raise NoRowsError(
                f"The {name} split is empty: {store.height} rows in {len(np.unique(group))} groups are left of "
                f"{store.total} after cleaning ({causes(store)}), and a group, such as rows of equal features, stays "
                "in one split; raise data.sample, bring more rows, or change data.split."
            )
    rows, firsts = sparse(group)
    known, place = np.unique(firsts, return_inverse=True)
    store.attach(GROUP, store.take(known, ["id"])["id"].gather(place), rows, base="id")
    store.attach("_code", codes)
    store.change(pl.col("_code").replace_strict(dict(enumerate(NAMES)), return_dtype=pl.String).alias("split"))
    store.drop("_code")
    if config.time:
        why = [
            f"its group begins in {NAMES[code]}, before the border in time" for code in _earliest(codes, group)[late]
        ]
        store.reject_rows("straddles a border in time", late, pl.Series(why, dtype=pl.String))


def _earliest(codes: Rows, group: Rows) -> Rows:
    """The first split, in time, of each row's group."""
    lowest = np.full(len(codes), len(NAMES), dtype=np.int8)
    np.minimum.at(lowest, group, codes)
    return lowest[group]


def groups(store: RowStore, group_columns: list[str], features: list[str]) -> Rows:
    """Connected components of rows that share a cluster, a value of `group_columns`, or all features.

    Returns:
        For each row the lowest row of its group: shape (n,), int32.
    """
    labels = np.arange(store.height, dtype=np.int32)
    for columns in (["cluster"], features, *([name] for name in group_columns)):
        first = first_equal(store.batches(columns), columns)
        if len(columns) == 1 and store.columns[columns[0]] != pl.Null:
            empty = np.concatenate([frame[columns[0]].is_null().to_numpy() for frame in store.batches(columns)])
            first[empty] = np.flatnonzero(empty)  # a missing value is not shared
        labels = merge_components(labels, *sparse(first))
    return labels


def at_random(store: RowStore, group: Rows, config: Split, seed: int) -> Rows:
    """A split's number for each row, shape (n,): groups in pseudo-random order fill test, validation, then train."""
    sizes = np.bincount(group, minlength=len(group)).astype(np.int32)
    members = np.flatnonzero(sizes).astype(np.int32)
    drawn = hash_uniform_rows(store.batches(["id"]), f"split {seed}")[members]
    members = members[np.argsort(drawn, kind="stable")]  # of equal numbers the lower id comes first
    del drawn
    place = np.zeros(len(group), dtype=np.int8)
    if (counts := _class_counts(store, group, members, sizes, config)) is not None:
        place[members] = balanced.fill(
            counts, {code: quota(value, len(group), len(group)) for code, value in shares(config)}
        )
        return place[group]
    for stratum in _strata(store, members, stratify=config.stratify):
        place[stratum] = _fill(sizes[stratum], config, len(group))
    return place[group]


def _class_counts(store: RowStore, group: Rows, members: Rows, sizes: Rows, config: Split) -> Rows | None:
    """Rows of each group by class, where groups are large and the answers are classes; else None."""
    if "answer" in config.group_columns or not balanced.applies(sizes[members], 2):
        return None
    _, answers = np.unique(first_equal(store.batches(["answer"]), ["answer"]), return_inverse=True)
    if not balanced.applies(sizes[members], int(answers.max()) + 1):
        return None
    return balanced.counts_by_class(group, members, answers)


def _rare_to_train(store: RowStore, codes: Rows, group: Rows) -> None:
    """Gives train a group of each class that is in other splits alone, in place, and says so."""
    answers = first_equal(store.batches(["answer"]), ["answer"])
    lacking = np.setdiff1d(np.unique(answers), np.unique(answers[codes == TRAIN]))
    if not len(lacking):
        return
    moved = np.isin(group, group[lacking])  # an answer is named by its lowest row
    codes[moved] = TRAIN
    names = store.take(lacking, ["answer"])["answer"].to_list()
    say(
        f"{int(moved.sum())} rows were moved to train, which had none of the class"
        f"{'es' if len(names) > 1 else ''} {', '.join(names[:SHOWN])}{' …' if len(names) > SHOWN else ''}"
    )


def _strata(store: RowStore, members: Rows, *, stratify: bool) -> Iterator[Rows]:
    """The members, divided by the answer of their lowest row; the order within each part is kept."""
    if not stratify:
        yield members
        return
    answers = first_equal(store.batches(["answer"]), ["answer"])[members]
    order = np.argsort(answers, kind="stable")
    edges = np.flatnonzero(np.diff(answers[order])) + 1
    yield from np.split(members[order], edges)


def _fill(sizes: Rows, config: Split, rows: int) -> Rows:
    """A split's number for each group of one stratum, in the given order: shape (groups,)."""
    place = np.zeros(len(sizes), dtype=np.int8)
    if not len(sizes):
        return place
    size, smallest = int(sizes.sum()), int(sizes.min())
    room = {code: quota(value, size, rows) for code, value in shares(config)}
    limit = {code: max(smallest, math.floor(LARGEST_GROUP * part)) for code, part in room.items()}
    for i, count in enumerate(_numbers(sizes)):
        fits = (code for code in room if count <= min(room[code], limit[code]))
        place[i] = code = next(fits, TRAIN)
        if code != TRAIN:
            room[code] -= count
            if max(room.values()) < smallest:
                break
    return place


def _numbers(values: Rows, at_once: int = 10_000) -> Iterator[Any]:
    for start in range(0, len(values), at_once):
        yield from values[start : start + at_once].tolist()


def shares(config: Split) -> tuple[tuple[int, float], ...]:
    """Each split's number and its size (share or rows), in the order in which they are filled."""
    return (TEST, config.test), (VALIDATION, config.validation)


def quota(value: float, size: int, rows: int) -> int:
    """Rows of a stratum of `size` rows that go to a split; at least one of all."""
    share = value if value < 1 else value / rows
    return max(1 if size == rows else 0, round(share * size))
