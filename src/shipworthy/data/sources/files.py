"""The raw files that a data config names, and their rows: typed, as the columns demand, with an id."""

import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fnmatch import fnmatchcase
from itertools import takewhile
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.commands import again
from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.extensions import of_extensions, parts
from shipworthy.core.files import matching
from shipworthy.core.lazy import Lazy
from shipworthy.core.progress import say_once
from shipworthy.data import columns
from shipworthy.data.column_types import Guess
from shipworthy.data.decimal_mark import decimal_mark, mark_of
from shipworthy.data.formats.batch import Batch, Written
from shipworthy.data.schema import SAME, Data, ending
from shipworthy.models.raw_rows import POINT, column_name

HOME = "shipworthy.data.formats"
NAMED = {"document", "evals"}
"""Formats that no file's name ends in."""
INFERRED_FROM = 10_000
"""Rows at once by which the types of columns are inferred, where none are declared."""
REMEDIES = {
    **dict.fromkeys(("zip", "tar", "tgz", "7z", "rar"), "an archive is not read: unpack it, and name what it held"),
    **dict.fromkeys(("xlsx", "xls", "xlsm", "ods", "numbers"), "a workbook is not read: save its sheet as CSV"),
    **dict.fromkeys(("feather", "arrow", "ipc", "orc", "avro", "h5", "hdf5", "dta", "sav", "sas7bdat", "rds"),
                    "it is not read: write its table as parquet"),
    **dict.fromkeys(("pkl", "pickle", "joblib", "pt", "npy", "npz"),
                    "what may run code when it is read is not: write its table as parquet"),
}  # fmt: skip
"""Ending → what to do with a file that no format reads."""
DOCUMENTATION = ("readme*", "license*", "licence*", "copying*", "citation*", "changelog*", "*.md", "*.rst", "*sums",
                 "*sums.txt", "*.md5", "*.sha256", "dataset_info.json", "dataset_infos.json", "state.json")  # fmt: skip
"""Names, in lower case, of files that stand beside rows and describe them."""
PARTITION = re.compile(r"[^=]+=.*")
MOST_NAMED = 4
"""Columns that a line of output names."""
FORMATS = Lazy("shipworthy.data.formats.{data.reads}")
# Names that a dataset gives to columns of its own.
RESERVED = ("id", "answer", "cluster", "split", "fold", "chunk_of", "answer_ids", "prompt_ids")


def locate(config: Data, folder: Path) -> list[Path]:
    """The files that `data.file` names, in the order of their paths; hidden files and folders are left out.

    Args:
        folder: the project's data/.

    Raises:
        ShipworthyError: there is none.
    """
    found = matching(folder, config.file)
    if not found:
        remedy = f"run `{again('fetch')}`" if config.source is not None else "put your file there, or run `dvc pull`"
        raise ShipworthyError(f"{folder / config.file} is missing: {remedy}.")
    return found


def with_rows(paths: list[Path], format_: str) -> list[Path]:
    """The files without those that describe them (README, LICENSE, checksums), which is said; alone they stay.

    Args:
        format_: `data.format`; where it is given, every file is of it.
    """
    beside = [path for path in paths if any(fnmatchcase(path.name.lower(), one) for one in DOCUMENTATION)]
    kept = [path for path in paths if path not in beside]
    if (
        format_
        or not beside
        or not kept
        or {ending(path.name) for path in kept} == {ending(path.name) for path in beside}
    ):
        return paths
    names = ", ".join(str(path) for path in beside[:MOST_NAMED])
    more = f" and {len(beside) - MOST_NAMED} more" if len(beside) > MOST_NAMED else ""
    say_once(f"left out, for their names say that they describe the data: {names}{more}")
    return kept


def batches(config: Data, paths: list[Path], types: Mapping[str, str], rows: int) -> Iterator[pl.DataFrame]:
    """The rows of the files, in order, in frames of at most `rows`: the columns of `types`, and an id.

    Args:
        types: of the columns (see `types_of`).

    Raises:
        UsageError: a row does not have these columns.
        ShipworthyError: a file cannot be read.
    """
    number, decimal = 0, mark_of(config, paths)
    for path in paths:
        before = number
        format_ = reader(config, path)
        reading = columns.Reading(format_.UNTYPED, format_.SPARSE, bool(config.columns), config.markers, decimal)
        first = 0
        for batch in read(config, path, rows):
            where = where_of(path, first)
            yield _identified(config, columns.enforce(batch, types, where, reading), number, where)
            first += batch.rows
            number += batch.rows
        if number == before and len(paths) > 1:
            say_once(f"{path} holds no rows")
    if not number:
        raise ShipworthyError(f"{paths[0]} cannot be read: it holds no rows.")


def types_of(config: Data, paths: list[Path]) -> dict[str, str]:
    """Name → type of the columns: those declared, else those that the config uses, as column_types.py infers them.

    Raises:
        UsageError: a column that the config uses is not there, or of no type that there is.
        ShipworthyError: a file cannot be read.
    """
    if config.columns:
        _check_named(config, paths[0], config.columns)
        _say_partitions(paths, config.columns)
        return dict(config.columns)
    decimal = mark_of(config, paths)
    guesses: dict[str, Guess] = {}
    names: dict[str, None] = {}
    for path, batch, untyped in _all_batches(config, paths):
        for name, values in batch.columns.items():
            names.setdefault(name)
            if config.uses(name):
                measured = config.measures(name)
                guess = guesses.setdefault(name, Guess(name, config.markers, measured=measured, decimal=decimal))
                with _naming(path):
                    guess.add(values, untyped=untyped)
        if not config.measures_any and all(name in names for name in config.named):
            break  # text stays text, whatever comes
    _say_partitions(paths, names)
    if not names:
        raise ShipworthyError(f"{paths[0]} cannot be read: it holds no rows.")
    _check_named(config, paths[0], names)
    for name, guess in guesses.items():
        if guess.among_numbers and guess.type.startswith("string"):
            seen = " and ".join(repr(text) for text in guess.among_numbers)
            say_once(
                f"{paths[0]}: column '{name}' is read as names, for {seen} is among its numbers; where that is a "
                "gap, list it in data.missing"
            )
    return {name: guesses[name].type for name in names if name in guesses}


def _say_partitions(paths: list[Path], names: Iterable[str]) -> None:
    """Says what folders such as `year=2024` name, as Hive partitions a table, and no column holds."""
    found: dict[str, Path] = {}
    for path in paths:
        for folder in takewhile(lambda one: PARTITION.fullmatch(one.name), path.parents):
            found.setdefault(folder.name.partition("=")[0], folder)
    for name in found.keys() - {*names}:
        say_once(
            f"{found[name]}: what folders say of '{name}' is not read, for no column of the files holds it: write it "
            "into them where a model is to know it"
        )


def _check_named(config: Data, path: Path, names: Iterable[str]) -> None:
    if lacking := [name for name in config.named if name not in names]:
        raise UsageError(f"{path} has no column '{lacking[0]}' (it has {', '.join(names)}): correct {config.keys}.")


def _all_batches(config: Data, paths: list[Path]) -> Iterator[tuple[Path, Batch, bool]]:
    """The batches that say what the columns are: all of a table's, for one late value makes numbers names."""
    for path in paths:
        untyped = reader(config, path).UNTYPED
        for batch in read(config, path, INFERRED_FROM):
            yield path, batch, untyped


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def read(config: Data, path: Path, rows: int) -> Iterator[Batch]:
    """A file's rows as its format gives them, `rows` at a time, with the names of columns as `column_name` reads them.

    Raises:
        ShipworthyError: it cannot be read.
    """
    return _read(path, reader(config, path), rows, Written(config.encoding, config.delimiter))


def _read(path: Path, format_: Any, rows: int, written: Written) -> Iterator[Batch]:
    for batch in _readable(path, format_.batches(path, rows, written)):
        names = [column_name(name) for name in batch.columns]
        if names == list(batch.columns):
            yield batch
            continue
        if twice := [name for name in names if names.count(name) > 1]:
            raise ShipworthyError(
                f"{path} cannot be read: two columns are called '{twice[0]}' but for white space around: rename one of "
                "them."
            )
        _say_spaces([name for name in batch.columns if name not in names], path)
        yield replace(batch, columns=dict(zip(names, batch.columns.values(), strict=True)))


def _say_spaces(names: Sequence[str], path: Path) -> None:
    """Says whose names are read without the white space around them."""
    named = ", ".join(repr(name) for name in names[:MOST_NAMED]) + (" and others" if len(names) > MOST_NAMED else "")
    say_once(f"{path}: columns are called without the white space around their names: {named}")


def frame_of(path: Path, types: Mapping[str, str], markers: Sequence[str] = ()) -> pl.DataFrame:
    """The rows of a file beside the data, such as a benchmark: the columns of `types`, read as those of the data are.

    Raises:
        UsageError: it lacks a column, or holds what is not of its type.
        ShipworthyError: it cannot be read.
    """
    format_ = _format(path.name, "")
    numbers = {name for name, kind in types.items() if kind.removesuffix("?") in columns.NUMBERS}
    decimal = decimal_mark(path, Written(), markers, numbers.__contains__) if ending(path.name) == "csv" else POINT
    reading = columns.Reading(format_.UNTYPED, sparse=False, declared=False, markers=markers, decimal=decimal)
    frames = [pl.DataFrame(schema={name: columns.DTYPES[kind.removesuffix("?")] for name, kind in types.items()})]
    first = 0
    for batch in _read(path, format_, INFERRED_FROM, Written()):
        frames.append(columns.enforce(batch, types, where_of(path, first), reading))
        first += batch.rows
    return pl.concat(frames)


def reader(config: Data, path: Path) -> Any:
    """The module of formats/ that reads a file: that of `data.format`, else that of its name's ending.

    Raises:
        UsageError: there is none.
    """
    return _format(path.name, config.format)


def _format(name: str, given: str) -> Any:
    format_ = given or ending(name)
    known = sorted(parts(HOME).keys() - {"batch"})
    if format_ not in known:
        setting = f"data.format={given}" if given else name
        if remedy := REMEDIES.get(format_):
            raise UsageError(f"{setting}: {remedy}.")
        own = {one for one in known if one not in {*NAMED, *of_extensions(HOME)}}
        endings_ = ", ".join(f".{one}" for one in sorted(own | SAME.keys()))
        raise UsageError(
            f"{setting}: give a file that ends in {endings_}, or one of {', '.join(known)} as data.format."
        )
    return FORMATS.load(format_)


def _readable(path: Path, found: Iterator[Any]) -> Iterator[Any]:
    """What is found, with one sentence for whatever polars or pyarrow cannot read."""
    try:
        yield from found
    except UnicodeDecodeError as error:
        bad = error.object[error.start]
        raise ShipworthyError(
            f"{path} cannot be read as {error.encoding}: byte 0x{bad:02x} is none there; name another data.encoding, "
            "or save the file as UTF-8."
        ) from error
    except (pl.exceptions.PolarsError, OSError, ValueError, EOFError, zlib.error) as error:
        said = (str(error).strip() or type(error).__name__).splitlines()[0].rstrip(".")
        raise ShipworthyError(f"{path} cannot be read: {said}.") from error


def where_of(path: Path, first: int) -> Callable[[int], str]:
    """Names a row of a batch, counted from 0, of which `first` rows of the file stand before it."""
    return lambda row: f"{path}, row {first + row + 1}"


def _identified(config: Data, frame: pl.DataFrame, number: int, where: Callable[[int], str]) -> pl.DataFrame:
    """The frame with an `id`: the row's number, or the column that the config names."""
    if not config.id:
        numbered = pl.int_range(number, number + frame.height, eager=True).cast(pl.String).str.zfill(8)
        rest = frame.drop("id", strict=False)
        return rest.insert_column(0, ("row-" + numbered).alias("id"))
    ids = frame[config.id].cast(pl.String)
    if (empty := (ids.fill_null("") == "").arg_true()).len():
        row = int(empty[0])
        raise UsageError(f"{where(row)}: column '{config.id}' (data.id) is empty: every row needs an id of its own.")
    return frame.drop("id", strict=False).insert_column(0, ids.alias("id"))
