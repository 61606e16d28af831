"""What a file holds, column by column, from a reading of all its rows, which then wait on disk for more questions."""

import csv
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.progress import track
from shipworthy.data import columns
from shipworthy.data.column_index import first_equal
from shipworthy.data.column_types import Guess
from shipworthy.data.csv_dialect import EmptyFileError, dialect_of
from shipworthy.data.decimal_mark import mark_of
from shipworthy.data.look.names import shown
from shipworthy.data.look.raw_file import EveryColumn, RawFile
from shipworthy.data.parts import BATCH_ROWS, write_table
from shipworthy.data.sources.files import INFERRED_FROM, read, reader, where_of
from shipworthy.data.text_files import open_text
from shipworthy.data.times import SEEN
from shipworthy.models import parquet
from shipworthy.models.json_row import text_of
from shipworthy.models.raw_rows import NUMBER

EXACT_ROWS = 1_000_000
"""Of more rows the number of distinct values is estimated (HyperLogLog, about 1% off)."""
EXAMPLES = 3
SHOWN = 24
"""Characters of an example."""
MOST_WHOLE = 12
"""Whole numbers of more values are a measure, not classes."""
MOST_FRACTIONS = 5
"""The same of numbers with fractions."""


@dataclass(frozen=True)
class Column:
    """A column of the file.

    Attributes:
        name: as it is there.
        place: its number, from 0.
        type: string, int, float, bool, date, datetime or json, as the features of a table are typed.
        rows: of the file.
        known: rows that have a value.
        distinct: different values.
        examples: some of them.
        words: mean words of a value (text; else 0).
        longest: words of the longest value (text; else 0).
        characters: of the longest value (text; else 0).
        low, high: the least and the largest value (numbers; else None).
        whole: whether no number has a fraction.
    """

    name: str
    place: int
    type: str
    rows: int
    known: int
    distinct: int
    examples: list[str]
    words: float = 0.0
    longest: int = 0
    characters: int = 0
    low: float | None = None
    high: float | None = None
    whole: bool = True

    @property
    def missing(self) -> float:
        """The share of rows without a value (0 to 1)."""
        return 1 - self.known / self.rows

    @property
    def distinct_share(self) -> float:
        """Different values, as a share of the rows that have one (0 to 1)."""
        return self.distinct / max(1, self.known)

    @property
    def is_number(self) -> bool:
        """Whether it holds numbers."""
        return self.type in columns.NUMBERS

    @property
    def is_measure(self) -> bool:
        """Whether it holds numbers of which there are too many different ones to be classes."""
        return self.is_number and self.distinct > (MOST_WHOLE if self.whole else MOST_FRACTIONS)

    @property
    def is_unique(self) -> bool:
        """Whether every row has a value of its own."""
        return self.known == self.rows == self.distinct


@dataclass
class Profile:
    """The columns of a file, and its rows on disk, in which column number i is called `c{i}`.

    Attributes:
        columns: those that can be read, in their order.
        unreadable: name → why, of the others.
        rows: how many there are.
        table: the rows, as a parquet file.
        untyped: whether the file holds text alone, as CSV does.
    """

    columns: list[Column]
    unreadable: dict[str, str]
    rows: int
    table: Path
    untyped: bool
    _by_name: dict[str, Column] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._by_name = {one.name: one for one in self.columns}

    def __getitem__(self, name: str) -> Column:
        """The column of this name."""
        return self._by_name[name]

    def __contains__(self, name: str) -> bool:
        """Whether it can be read."""
        return name in self._by_name

    @property
    def names(self) -> list[str]:
        """Of all columns that can be read."""
        return list(self._by_name)

    def values(self, column: Column, most: int = SEEN) -> pl.Series:
        """At most so many values of a column, spread evenly over its rows, those that are missing left out."""
        key = _key(column.place)
        step = max(1, self.rows // most)
        found = parquet.scan(self.table).select(pl.col(key).gather_every(step)).collect(engine="streaming")
        return found[key].drop_nulls().rename(column.name)

    def counts(self, column: Column) -> list[tuple[str, int]]:
        """Value → rows, the most frequent first, of a column with few values."""
        key = _key(column.place)
        found = parquet.scan(self.table).group_by(key).len().collect(engine="streaming").drop_nulls(key)
        pairs = [(str(text_of(value)), count) for value, count in found.iter_rows()]
        return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))

    def repeated(self, names: Sequence[str]) -> int:
        """Rows that are equal to an earlier one in these columns."""
        keys = [_key(self[name].place) for name in names]
        if not keys:
            return 0
        first = first_equal(parquet.scan(self.table).select(keys).collect_batches(engine="streaming"), keys)
        return int((first != range(len(first))).sum())


def look(found: RawFile, work: Path) -> Profile:
    """Reads every row of a file or folder.

    Args:
        work: a folder for its rows.

    Raises:
        ShipworthyError: it can't be read, or holds no rows.
    """
    _refuse_values_for_names(found)
    types, unreadable = _types(found)
    config, table = found.config, work / "rows.parquet"
    rows = write_table(_frames(config, found.paths, types), table) if types else 0
    if not rows:
        raise ShipworthyError(f"{found.path} holds no rows, or no column that can be read: name another file.")
    made = [
        _column(table, name, place, kind, rows)
        for place, (name, kind) in enumerate(track(types.items(), "columns", len(types)))
    ]
    return Profile(made, unreadable, rows, table, reader(config, found.paths[0]).UNTYPED)


def _types(found: RawFile) -> tuple[dict[str, str], dict[str, str]]:
    """Name → type of each column by all its values; and name → why, of those that no type fits."""
    config = found.config
    decimal = mark_of(config, found.paths)
    guesses: dict[str, Guess] = {}
    unreadable: dict[str, str] = {}
    for path in found.paths:
        untyped = reader(config, path).UNTYPED
        for batch in track(read(config, path, INFERRED_FROM), f"reading {path.name}, parts", None):
            for name, values in batch.columns.items():
                guess = guesses.setdefault(name, Guess(name, (), measured=True, decimal=decimal))
                try:
                    guess.add(values, untyped=untyped)
                except UsageError as error:
                    unreadable.setdefault(name, re.sub(r"^column .* (holds \w+),? .*", r"\1", str(error)))
    types = {name: one.type for name, one in guesses.items() if name not in unreadable}
    return types, unreadable


def _refuse_values_for_names(found: RawFile) -> None:
    """Refuses a CSV file whose first row holds numbers alone, so that it is no row of names."""
    for path in found.paths:
        names: list[str] = []
        if not reader(found.config, path).UNTYPED:
            continue
        with open_text(path) as file, suppress(csv.Error, EmptyFileError):  # which reading will say
            names = next(dialect_of(path, "", found.delimiter).records(file), [])
        if names and all(NUMBER.fullmatch(name.strip()) for name in names):
            raise ShipworthyError(
                f"{path} has no names of columns: its first row holds numbers ({', '.join(names[:4])}, …): put a row "
                "of names before it."
            )


def _frames(config: EveryColumn, paths: Sequence[Path], types: dict[str, str]) -> Iterator[pl.DataFrame]:
    decimal = mark_of(config, list(paths))
    for path in paths:
        format_ = reader(config, path)
        reading = columns.Reading(format_.UNTYPED, format_.SPARSE, declared=False, decimal=decimal)
        first = 0
        for batch in read(config, path, BATCH_ROWS):
            frame = columns.enforce(batch, types, where_of(path, first), reading)
            frame.columns = [_key(place) for place in range(frame.width)]
            yield frame
            first += batch.rows


def _key(place: int) -> str:
    return f"c{place}"


def _column(table: Path, name: str, place: int, kind: str, rows: int) -> Column:
    """The facts of a column, in two passes over it."""
    key = _key(place)
    values, bare = pl.col(key), kind.removesuffix("?")
    asked = {"known": values.count()}
    known = values.drop_nulls()
    asked["distinct"] = known.n_unique() if rows <= EXACT_ROWS else known.approx_n_unique()
    if bare == "string":
        words = values.str.count_matches(r"\S+")
        asked |= {"words": words.mean(), "longest": words.max(), "characters": values.str.len_chars().max()}
    if bare in columns.NUMBERS:
        asked |= {"low": values.min().cast(pl.Float64), "high": values.max().cast(pl.Float64)}
        asked["whole"] = (known == known.floor()).all()
    scan = parquet.scan(table)
    facts: dict[str, Any] = scan.select(**asked).collect(engine="streaming").row(0, named=True)
    first = scan.select(known.head(1000).unique(maintain_order=True).head(EXAMPLES)).collect()[key]
    examples = [shown(" ".join(str(text_of(value)).split()), SHOWN) for value in first]
    there = {fact: value for fact, value in facts.items() if value is not None}
    return Column(name, place, bare, rows, examples=examples, **there)
