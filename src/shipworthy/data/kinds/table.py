"""Rows of tables: which columns are features; missing values, repeated rows, and labels that are no classes."""

from functools import partial
from typing import Any

import numpy as np
import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.rows import clean
from shipworthy.data.column_index import first_equal
from shipworthy.data.columns import as_names
from shipworthy.data.kinds import label_lists, number_labels
from shipworthy.data.kinds.schema import Table
from shipworthy.data.kinds.text import attach_clusters, reject_repeated
from shipworthy.data.row_store import RowStore

MANY_NUMBERS = 20
"""So many distinct numbers may be a label, however few rows each has."""
ROWS_OF_A_CLASS = 10


def select(config: Table, dtypes: dict[str, pl.DataType]) -> tuple[list[pl.Expr], list[str]]:
    """The columns of a row (features, columns of the split, `answer`), and the source columns they need.

    Args:
        dtypes: of the source's columns.

    Raises:
        UsageError: a feature is neither a number, nor a time, nor text.
    """
    if config.label in config.split.columns:
        raise UsageError(f"data.split names the column '{config.label}', which is the label: call it 'answer'.")
    hidden = {config.label, config.id, "id", *config.ignore}
    features = [name for name in dtypes if name not in hidden]
    for name in features:
        kind = dtypes[name]
        if name == "answer" or not (kind.is_numeric() or kind.is_temporal() or kind in (pl.String, pl.Boolean)):
            raise UsageError(
                f"column '{name}' ({kind}) cannot be a feature: rename or convert it, or list it in data.ignore."
            )
    beside = [name for name in config.split.columns if name not in features]
    made = [pl.col(name).cast(pl.String) if dtypes[name] == pl.Boolean else pl.col(name) for name in features]
    needed = [config.label, *features, *beside]
    return [*made, *(pl.col(name) for name in beside), pl.col(config.label).cast(pl.String).alias("answer")], needed


def split_only_columns(config: Table) -> list[str]:
    """Columns that only the split needs; they are no features."""
    return [name for name in config.split.columns if name in (config.id, *config.ignore)]


def clean_rows(config: Table, store: RowStore, *, numbers: bool = False, labels: bool = False) -> dict[str, Any]:
    """Sets missing values to null, rejects unusable rows, and adds `cluster`: rows with equal features share one.

    Rows that are equal in features and label stay, unless `config.repeated` is `drop`.

    Args:
        config: the markers of missing values, and what becomes of repeated rows.
        store: holds rows with id, answer and the features.
        numbers: whether the label is to be a number.
        labels: whether there is a list of them; otherwise the label is a class.

    Returns:
        Facts for the report: `clean`.

    Raises:
        UsageError: the label is a measure, not a class, or the other way round.
    """
    hidden = {"id", "answer", *split_only_columns(config)}
    features = [name for name in store.columns if name not in hidden and not name.startswith("_")]
    strings = [name for name in features if store.columns[name] == pl.String]
    counted = clean(config.clean, store, strings)
    floats = [name for name in features if store.columns[name].is_float()]
    store.change(*(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats))
    if labels:
        label_lists.read(config.label, config.separator, store)
    elif store.columns["answer"] == pl.String:
        strings = [*strings, "answer"]
    store.map(partial(as_names, strings, config.missing))
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in features)
    unlabelled = pl.when(pl.col("answer").is_null()).then(pl.lit("the label is missing"))
    store.reject("empty", pl.coalesce(unlabelled, pl.when(nothing).then(pl.lit("every feature is missing"))))
    if numbers:
        number_labels.read(config, store)
    elif not labels:
        _refuse_measure(config, store)
    if config.repeated == "drop":
        row = [*features, "answer"]
        reject_repeated(store, "exact duplicate", first_equal(store.batches(row), row), "of {}")
    attach_clusters(store, first_equal(store.batches(features), features))
    return {"clean": counted}


def _refuse_measure(config: Table, store: RowStore) -> None:
    """Refuses a label of more than MANY_NUMBERS distinct numbers of which most are in few rows, such as a price.

    Numbers that name classes have many rows each. A label that is declared a string is a name, whatever it looks like.

    Raises:
        UsageError: names the label and how many numbers it holds.
    """
    if config.columns.get(config.label, "").startswith("string"):
        return
    counts = store.rows.group_by("answer").len().collect(engine="streaming")
    numbers = counts["answer"].cast(pl.Float64, strict=False)
    if numbers.len() <= MANY_NUMBERS or numbers.null_count() or np.median(counts["len"]) >= ROWS_OF_A_CLASS:
        return
    raise UsageError(
        f"Column '{config.label}' holds {numbers.len()} distinct numbers, most of them in fewer than {ROWS_OF_A_CLASS} "
        "rows: they look like a measure, and the task asks for classes. Set a task of regression (`defaults: "
        "[base_regression, _self_]` in conf/task), or declare it a string in data.columns if its numbers are names."
    )
