"""Your own questions and answers, one row each."""

from pathlib import Path

import polars as pl

from shipworthy.data.schema import Records
from shipworthy.data.sources.files import need, read_file


def read(config: Records, path: Path) -> pl.DataFrame:
    """One row per row of the file: id (its number), the columns of `text` and `context`, answer.

    Raises:
        UsageError: the file lacks one of the columns.
        ShipworthyError: the file cannot be read.
    """
    rows = read_file(path)
    asked = [config.text, *config.context]
    need(rows, [*asked, config.answer], path, "data.text, data.context or data.answer")
    return rows.select(
        "id", *(pl.col(name).cast(pl.String) for name in asked), pl.col(config.answer).cast(pl.String).alias("answer")
    )
