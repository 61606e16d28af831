"""Enforces the types of columns, declared or inferred, on every row.

A column's type is one of `TYPES` in schema.py, with ? where it may be empty.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.formats.batch import Batch
from shipworthy.models import raw_rows
from shipworthy.models.json_row import text_of
from shipworthy.models.raw_rows import MISSING, POINT, SPACES, number

Where = Callable[[int], str]
"""Gives the name of a row of a batch (numbered from 0) for messages, such as `data/a.csv, row 17`."""
MAX_SHOWN = 40
REMEDY = "mend the file, or declare its columns in data.columns"
DTYPES: dict[str, pl.DataType] = {
    "string": pl.String(),
    "int": pl.Int64(),
    "float": pl.Float64(),
    "bool": pl.Boolean(),
    "date": pl.Date(),
    "datetime": pl.Datetime("us"),
    "json": pl.String(),
}
NUMBERS = ("int", "float")
TEXTS = ("string", "json")
DECIMAL = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?$"
CONVERTS = {("int", "float"), ("date", "datetime"), ("string", "json")}
"""Types of typed values that may be in a column of another type; every scalar may be in one of strings."""


def parse_iso(text: pl.Expr) -> pl.Expr:
    """ISO 8601 text as a datetime, in UTC if it has an offset; null where it cannot be parsed."""
    day = "%Y-%m-%d"
    plain = [day, f"{day}T%H:%M", f"{day} %H:%M", f"{day}T%H:%M:%S%.f", f"{day} %H:%M:%S%.f"]
    offset = [f"{day}T%H:%M:%S%.f%#z", f"{day} %H:%M:%S%.f%#z"]
    return pl.coalesce(
        *(text.str.to_datetime(one, strict=False, time_unit="us") for one in plain),
        *(text.str.to_datetime(one, strict=False, time_unit="us").dt.replace_time_zone(None) for one in offset),
    )


PARSE: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "string": lambda text: text,
    "json": lambda text: text,
    "int": lambda text: text.str.strip_prefix("+").cast(pl.Int64, strict=False),
    "float": lambda text: pl.when(text.str.contains(DECIMAL)).then(text).cast(pl.Float64, strict=False),
    "bool": lambda text: text.str.to_lowercase().replace_strict(
        {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
    ),
    "date": lambda text: text.str.to_date("%Y-%m-%d", strict=False),
    "datetime": parse_iso,
}
"""Column type → how text is parsed; null where it cannot be."""


def type_of(name: str, dtype: pl.DataType) -> str:
    """The type of a column of typed values.

    Raises:
        UsageError: no column has it.
    """
    if isinstance(dtype, pl.List | pl.Array | pl.Struct):
        return "json"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return "string"
    kinds = {"int": dtype.is_integer(), "float": dtype.is_float() or dtype.is_decimal(), "bool": dtype == pl.Boolean}
    kinds |= {"date": dtype == pl.Date, "datetime": isinstance(dtype, pl.Datetime)}
    if not any(kinds.values()):
        raise UsageError(
            f"column '{name}' holds {dtype}, which is none of {', '.join(DTYPES)}: convert it, or leave it out "
            "(data.ignore)."
        )
    return next(kind for kind, holds in kinds.items() if holds)


def as_text(column: str, dtype: pl.DataType) -> pl.Expr:
    """A column as text; numbers with a point as Python writes them, as packages do, not as polars does."""
    if not dtype.is_float():
        return pl.col(column).cast(pl.String)
    return pl.col(column).map_batches(_written, return_dtype=pl.String, is_elementwise=True)


def _written(values: pl.Series) -> pl.Series:
    return pl.Series(values.name, [text_of(value) for value in values], dtype=pl.String)


def as_names(columns: Sequence[str], markers: Collection[str], rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with columns of names as `raw_rows.name` reads each name: without white space around it, or missing."""
    known = frozenset(markers)
    return rows.with_columns(_names(rows[column], known) for column in columns)


def _names(values: pl.Series, markers: Collection[str]) -> pl.Series:
    written = values.drop_nulls().unique()
    if 2 * written.len() > values.len():
        return pl.Series(values.name, [raw_rows.name(text, markers) for text in values], dtype=pl.String)
    read = pl.Series([raw_rows.name(text, markers) for text in written], dtype=pl.String)
    other = read.ne_missing(written)
    return values.replace(written.filter(other), read.filter(other)) if other.any() else values


@dataclass(frozen=True)
class Reading:
    """How the rows of a format are read.

    Attributes:
        untyped: whether every value is text that says nothing of its type, as in CSV.
        sparse: whether a missing column counts as empty.
        declared: whether all columns are declared, so that any other is an error; else it is left out.
        markers: the texts that stand for a missing value.
        decimal: what comes before the decimals of numbers in text.
    """

    untyped: bool
    sparse: bool
    declared: bool
    markers: Sequence[str] = ()
    decimal: str = POINT


def enforce(batch: Batch, types: Mapping[str, str], where: Where, reading: Reading) -> pl.DataFrame:
    """The batch as a frame of exactly these columns.

    Args:
        types: name → type.
        where: names a row.

    Raises:
        UsageError: a column is missing or unexpected, or holds another type or nothing; the message names it and the
            first such row.
    """
    for name, values in batch.columns.items() if reading.declared else ():
        if name not in types:
            row = next((i for i, value in enumerate(values) if value is not None), 0)
            raise UsageError(f"{where(row)}: unexpected column '{name}' (expected are {', '.join(types)}): {REMEDY}.")
    made = []
    for name, kind in types.items():
        if name not in batch.columns and not reading.sparse:
            raise UsageError(
                f"{where(0)}: column '{name}' is missing (there are {', '.join(batch.columns)}): {REMEDY}."
            )
        values = batch.columns.get(name, [None] * batch.rows)
        made.append(_read(Column(name, kind, where, reading), values))
    return pl.DataFrame(made, nan_to_null=False)


@dataclass(frozen=True)
class Column:
    """A column to be read: its name and type, the names of its rows, and how its format is read."""

    name: str
    kind: str
    where: Where
    reading: Reading

    @property
    def bare(self) -> str:
        """Its type without ?."""
        return self.kind.removesuffix("?")

    @property
    def holds_lists(self) -> bool:
        """Whether lists and objects become JSON text; a column of text that nobody declared may begin to at any row."""
        return self.bare == "json" or (self.bare == "string" and not self.reading.declared)

    def refuse(self, row: int, value: Any) -> NoReturn:
        """Says that a row's value is not of the type."""
        where = f"{self.where(row)}: column '{self.name}'"
        if value is None:
            raise UsageError(f"{where} is empty, but it is declared as {self.kind}: {REMEDY}.")
        shown = repr(value) if len(repr(value)) <= MAX_SHOWN else repr(value)[:MAX_SHOWN] + "…"
        raise UsageError(f"{where} holds {shown}, which is no {self.bare}: {REMEDY}.")


def _read(column: Column, values: pl.Series | Sequence[Any]) -> pl.Series:
    if not isinstance(values, pl.Series):
        series = _of_python(column, values)
    elif values.dtype == pl.String:
        series = _of_text(column, values)
    else:
        series = _of_typed(column, values)
    if not column.kind.endswith("?") and series.null_count():
        column.refuse(int(series.is_null().arg_true()[0]), None)
    return series.alias(column.name)


def _of_text(column: Column, values: pl.Series) -> pl.Series:
    if column.bare in TEXTS:
        return values
    bare = values.str.strip_chars(SPACES)
    gap = bare.is_in(["", *column.reading.markers])
    if column.bare in NUMBERS:
        gap |= bare.str.to_lowercase().is_in(list(MISSING))
    bare = bare.set(gap.fill_null(value=False), None)
    foreign = column.bare == "float" and column.reading.decimal != POINT
    parse = PARSE["int" if foreign else column.bare]
    parsed = bare.to_frame("text").select(parse(pl.col("text"))).to_series().cast(DTYPES[column.bare])
    lost = (parsed.is_null() & bare.is_not_null()).arg_true()
    if column.bare == "float":  # Python reads the rest of what is a number, such as +5, 5. and 1,234.50
        return parsed.scatter(lost, [_number(column, int(row), values[int(row)]) for row in lost])
    if lost.len():
        column.refuse(int(lost[0]), values[int(lost[0])])
    return parsed


def _of_typed(column: Column, values: pl.Series) -> pl.Series:
    found = type_of(column.name, values.dtype)
    if values.null_count() == values.len():
        return pl.Series([None] * values.len(), dtype=DTYPES[column.bare])
    if found == "json" and column.holds_lists:
        return pl.Series([text_of(v) for v in values.to_list()], dtype=pl.String)
    if found != column.bare and (found, column.bare) not in CONVERTS and (column.bare != "string" or found == "json"):
        row = int(values.is_not_null().arg_true()[0])
        column.refuse(row, values[row])
    try:
        return values.cast(DTYPES[column.bare])
    except pl.exceptions.InvalidOperationError:  # an unsigned number beyond 64 bits with a sign
        row = int(values.cast(DTYPES[column.bare], strict=False).is_null().arg_true()[0])
        column.refuse(row, values[row])


def _of_python(column: Column, values: Sequence[Any]) -> pl.Series:
    if column.holds_lists:
        return pl.Series([text_of(value) for value in values], dtype=pl.String)
    if column.bare == "string":
        for row, value in enumerate(values):
            if isinstance(value, list | dict):
                column.refuse(row, value)
        return pl.Series([text_of(value) for value in values], dtype=pl.String)
    if column.bare in NUMBERS:
        return pl.Series([_number(column, row, value) for row, value in enumerate(values)], dtype=DTYPES[column.bare])
    accepted = (bool, str) if column.bare == "bool" else str
    for row, value in enumerate(values):
        if value is not None and not isinstance(value, accepted):
            column.refuse(row, value)
    return _of_text(column, pl.Series([text_of(value) for value in values], dtype=pl.String))


def _number(column: Column, row: int, value: Any) -> float | None:
    """A value of JSON; whole numbers stay exact."""
    whole = column.bare == "int"
    if type(value) is int and (not whole or -(2**63) <= value < 2**63):
        return value if whole else float(value)
    if isinstance(value, float) and not whole:
        return float(value)
    try:
        text = isinstance(value, str | None)
        found = number(value, column.reading.markers, column.reading.decimal) if text else math.nan
    except ValueError:
        found = math.nan
    if found is not None and (math.isnan(found) or (whole and not str(value).strip().lstrip("+-").isdigit())):
        column.refuse(row, value)
    return int(str(value).strip()) if whole and found is not None else found
