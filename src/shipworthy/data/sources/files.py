"""The raw files that a data config names, and their rows: typed, as the columns demand, with an id."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.extensions import of_extensions, parts
from shipworthy.core.files import matching
from shipworthy.core.lazy import Lazy
from shipworthy.data import columns
from shipworthy.data.schema import Data, ending

HOME = "shipworthy.data.formats"
NAMED = {"document", "evals"}
"""Formats that no file's name ends in."""
INFERRED_FROM = 10_000
"""Rows of the first file that say what its columns are, where none are declared."""
FORMATS = Lazy("shipworthy.data.formats.{data.reads}")
# Names that a dataset gives to columns of its own.
RESERVED = ("id", "answer", "cluster", "split", "fold", "answer_ids", "prompt_ids")


def locate(config: Data, folder: Path) -> list[Path]:
    """The files that `data.file` names, in the order of their paths; hidden files and folders are left out.

    Args:
        folder: the project's data/.

    Raises:
        ShipworthyError: there is none.
    """
    found = matching(folder, config.file)
    if not found:
        remedy = "run `shipworthy fetch`" if config.source is not None else "put your file there, or run `dvc pull`"
        raise ShipworthyError(f"{folder / config.file} is missing: {remedy}.")
    return found


def batches(config: Data, paths: list[Path], types: Mapping[str, str], rows: int) -> Iterator[pl.DataFrame]:
    """The rows of the files, in order, in frames of at most `rows`: the columns of `types`, and an id.

    Args:
        types: of all columns (see `types_of`).

    Raises:
        UsageError: a row does not have these columns.
        ShipworthyError: a file cannot be read.
    """
    number = 0
    for path in paths:
        format_ = reader(config, path)
        first = 0
        for batch in _readable(path, format_.batches(path, rows)):
            where = _where(path, first)
            frame = columns.enforce(batch, types, where, untyped=format_.UNTYPED, sparse=format_.SPARSE)
            yield _identified(config, frame, number, where)
            first += batch.rows
            number += batch.rows


def types_of(config: Data, paths: list[Path]) -> dict[str, str]:
    """Name → type of the columns: those declared, else those of the first rows of the first file.

    Raises:
        UsageError: their types cannot be told.
        ShipworthyError: the file cannot be read.
    """
    if config.columns:
        return dict(config.columns)
    format_ = reader(config, paths[0])
    first = next(_readable(paths[0], format_.batches(paths[0], INFERRED_FROM)), None)
    if first is None or not first.columns:
        raise ShipworthyError(f"{paths[0]} cannot be read: it holds no rows.")
    try:
        return columns.infer(first, untyped=format_.UNTYPED)
    except UsageError as error:
        raise UsageError(f"{paths[0]}: {error}") from error


def reader(config: Data, path: Path) -> Any:
    """The module of formats/ that reads a file: that of `data.format`, else that of its name's ending.

    Raises:
        UsageError: there is none.
    """
    name = config.format or ending(path.name)
    known = sorted(parts(HOME).keys() - {"batch"})
    if name not in known:
        setting = f"data.format={config.format}" if config.format else f"data.file={path.name}"
        endings_ = ", ".join(f".{one}" for one in known if one not in {*NAMED, *of_extensions(HOME)})
        raise UsageError(
            f"{setting}: give a file that ends in {endings_}, or one of {', '.join(known)} as data.format."
        )
    return FORMATS.load(name)


def _readable(path: Path, found: Iterator[Any]) -> Iterator[Any]:
    """What is found, with one sentence for whatever polars or pyarrow cannot read."""
    try:
        yield from found
    except (pl.exceptions.PolarsError, OSError, ValueError) as error:
        raise ShipworthyError(f"{path} cannot be read: {str(error).splitlines()[0]}.") from error


def _where(path: Path, first: int) -> Callable[[int], str]:
    return lambda row: f"{path}, row {first + row + 1}"


def _identified(config: Data, frame: pl.DataFrame, number: int, where: Callable[[int], str]) -> pl.DataFrame:
    """The frame with an `id`: the row's number, or the column that the config names."""
    if not config.id:
        numbered = pl.int_range(number, number + frame.height, eager=True).cast(pl.String).str.zfill(8)
        rest = frame.drop("id", strict=False)
        return rest.insert_column(0, ("row-" + numbered).alias("id"))
    if config.id not in frame.columns:
        raise UsageError(
            f"{where(0)}: there is no column '{config.id}' (there are {', '.join(frame.columns)}): correct data.id."
        )
    ids = frame[config.id].cast(pl.String)
    if ids.null_count():
        row = int(ids.is_null().arg_true()[0])
        raise UsageError(f"{where(row)}: column '{config.id}' (data.id) is empty: every row needs an id of its own.")
    return frame.drop("id", strict=False).insert_column(0, ids.alias("id"))
