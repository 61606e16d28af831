"""Rows of tables: which columns are features; missing values, then exact duplicates."""

from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.clean.rows import clean
from shipworthy.data.column_index import first_equal
from shipworthy.data.kinds.text import attach_clusters, reject_repeated
from shipworthy.data.row_store import RowStore
from shipworthy.data.schema import Table


def select(config: Table, dtypes: dict[str, pl.DataType]) -> tuple[list[pl.Expr], list[str]]:
    """The columns of a row (features, columns of the split, `answer`), and the source columns they need.

    Args:
        dtypes: of the source's columns.

    Raises:
        UsageError: a feature is neither numeric nor text.
    """
    if config.label in config.split.columns:
        raise UsageError(f"data.split names the column '{config.label}', which is the label: call it 'answer'.")
    hidden = {config.label, config.id, "id", *config.ignore}
    features = [name for name in dtypes if name not in hidden]
    for name in features:
        kind = dtypes[name]
        if name == "answer" or not (kind.is_numeric() or kind in (pl.String, pl.Boolean)):
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


def clean_rows(config: Table, store: RowStore) -> dict[str, Any]:
    """Sets missing values to null, rejects unusable rows, and adds `cluster`: rows with equal features share one.

    Args:
        config: the markers of missing values.
        store: holds rows with id, answer and the features.

    Returns:
        Facts for the report: `clean`.
    """
    hidden = {"id", "answer", *split_only_columns(config)}
    features = [name for name in store.columns if name not in hidden and not name.startswith("_")]
    strings = [name for name in (*features, "answer") if store.columns[name] == pl.String]
    counted = clean(config.clean, store, [name for name in strings if name != "answer"])
    floats = [name for name in features if store.columns[name].is_float()]
    store.change(*(pl.when(pl.col(name).is_finite()).then(pl.col(name)).alias(name) for name in floats))
    missing = ["", *config.missing]
    stripped = {name: pl.col(name).str.strip_chars() for name in strings}
    store.change(*(pl.when(~text.is_in(missing)).then(text).alias(name) for name, text in stripped.items()))
    nothing = pl.all_horizontal(pl.col(name).is_null() for name in features)
    unlabelled = pl.when(pl.col("answer").is_null()).then(pl.lit("the label is missing"))
    store.reject("empty", pl.coalesce(unlabelled, pl.when(nothing).then(pl.lit("every feature is missing"))))
    row = [*features, "answer"]
    reject_repeated(store, "exact duplicate", first_equal(store.batches(row), row), "of {}")
    attach_clusters(store, first_equal(store.batches(features), features))
    return {"clean": counted}
