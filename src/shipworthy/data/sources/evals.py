"""Samples of OpenAI's evals: conversations, each with the ideal answer to its last message."""

from pathlib import Path

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.schema import Evals
from shipworthy.data.sources.files import need, read_file

SCHEMA = {"input": pl.List(pl.Struct({"role": pl.String, "content": pl.String})), "ideal": pl.String}


def read(config: Evals, path: Path) -> pl.DataFrame:
    """One row per sample: id (its number), the user's last message as the column `config.text`, answer.

    What the file's other messages say (the system's, the shots) is for `task.system` to say.

    Raises:
        UsageError: the file holds something else, or an answer that `config.answers` does not name.
        ShipworthyError: the file cannot be read.
    """
    rows = read_file(path)
    need(rows, SCHEMA, path, "data.file")
    for name, kind in SCHEMA.items():
        if rows.schema[name] != kind:
            raise UsageError(f"{path}: column '{name}' holds {rows.schema[name]}, not {kind}: correct data.file.")
    message = pl.element()
    asked = pl.col("input").list.eval(message.filter(message.struct["role"] == "user").struct["content"]).list.last()
    return rows.select("id", asked.alias(config.text), _answer(config, rows["ideal"], path))


def _answer(config: Evals, ideal: pl.Series, path: Path) -> pl.Series:
    """The answers as the model is to give them."""
    if not config.answers:
        return ideal.alias("answer")
    if unknown := sorted(set(ideal.drop_nulls()) - set(config.answers)):
        raise UsageError(f"{path} has the answer '{unknown[0]}', which data.answers does not name: add it.")
    return ideal.replace_strict(config.answers, return_dtype=pl.String).alias("answer")
