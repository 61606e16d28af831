"""A table of which one column is to be predicted from the others."""

from pathlib import Path

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.schema import Table
from shipworthy.data.sources.files import need, read_file


def read(config: Table, path: Path) -> pl.DataFrame:
    """One row per row of the file: id (its number), the features (numbers or strings), answer (str).

    Raises:
        UsageError: a column is missing, or is neither numbers nor text.
        ShipworthyError: the file cannot be read.
    """
    rows = read_file(path)
    need(rows, [config.label, *config.ignore], path, "data.label or data.ignore")
    rows = rows.with_columns(pl.col(pl.Boolean).cast(pl.String)).drop(config.ignore)
    features = [name for name in rows.columns if name not in {"id", config.label}]
    need(rows, features, path, "the file")
    for name in features:
        kind = rows.schema[name]
        if name == "answer" or not (kind.is_numeric() or kind == pl.String):
            raise UsageError(
                f"{path}: column '{name}' ({kind}) cannot be a feature: rename or convert it, or list it "
                "in data.ignore."
            )
    return rows.select("id", *features, pl.col(config.label).cast(pl.String).alias("answer"))
