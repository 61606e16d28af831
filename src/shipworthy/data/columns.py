"""The columns of a source: declared or inferred, recorded in the dataset, and enforced on every row.

A column's type is one of `TYPES` in schema.py, with ? where it may be empty. Where no columns are declared, they are
those of the first file's first rows, and each may be empty.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NoReturn

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.formats.batch import Batch

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
FITS: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,)}
"""Column type → the Python types that are accepted for it; the types that are not listed accept str."""
PYTHON: dict[type, str] = {bool: "bool", int: "int", float: "float", str: "string", list: "json", dict: "json"}


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
    "int": lambda text: text.str.strip_chars().cast(pl.Int64, strict=False),
    "float": lambda text: text.str.strip_chars().cast(pl.Float64, strict=False),
    "bool": lambda text: text.str.to_lowercase().replace_strict(
        {"true": True, "false": False}, default=None, return_dtype=pl.Boolean
    ),
    "date": lambda text: text.str.to_date("%Y-%m-%d", strict=False),
    "datetime": parse_iso,
}
"""Column type → how text is parsed; null where it cannot be."""


def infer(batch: Batch, *, untyped: bool) -> dict[str, str]:
    """Name → type of the columns of a batch.

    Args:
        untyped: whether every value is text, from which the types are inferred.

    Raises:
        UsageError: a column holds values of two types.
    """
    if untyped:
        return {name: _of_text(pl.Series(values)) + "?" for name, values in batch.columns.items()}
    return {name: _of_values(name, values) + "?" for name, values in batch.columns.items()}


def _of_text(values: pl.Series) -> str:
    known = values.drop_nulls().rename("v")
    for kind in ("int", "float", "bool"):
        if known.len() and not known.to_frame().select(PARSE[kind](pl.col("v")).is_null().any()).item():
            return kind
    return "string"


def _of_values(name: str, values: pl.Series | Sequence[Any]) -> str:
    if isinstance(values, pl.Series):
        return _of_dtype(name, values.dtype)
    kinds = {PYTHON[type(value)] for value in values if value is not None}
    if kinds == {"int", "float"}:
        return "float"
    if len(kinds) > 1:
        raise UsageError(
            f"column '{name}' holds {' and '.join(sorted(kinds))}, so its type cannot be inferred: declare it in "
            "data.columns as json, or mend the file."
        )
    return kinds.pop() if kinds else "string"


def _of_dtype(name: str, dtype: pl.DataType) -> str:
    if isinstance(dtype, pl.List | pl.Array | pl.Struct):
        return "json"
    if isinstance(dtype, pl.String | pl.Categorical | pl.Enum | pl.Null):
        return "string"
    kinds = {"int": dtype.is_integer(), "float": dtype.is_float() or dtype.is_decimal(), "bool": dtype == pl.Boolean}
    kinds |= {"date": dtype == pl.Date, "datetime": isinstance(dtype, pl.Datetime)}
    if not any(kinds.values()):
        raise UsageError(f"column '{name}' holds {dtype}, which is none of {', '.join(DTYPES)}: convert it.")
    return next(kind for kind, holds in kinds.items() if holds)


def enforce(batch: Batch, types: Mapping[str, str], where: Where, *, untyped: bool, sparse: bool) -> pl.DataFrame:
    """The batch as a frame of exactly these columns.

    Args:
        types: name → type.
        where: names a row.
        untyped: whether every value is text, which is parsed.
        sparse: whether a missing column counts as empty.

    Raises:
        UsageError: a column is missing or unexpected, or holds another type or nothing; the message names it and the
            first such row.
    """
    for name, values in batch.columns.items():
        if name not in types:
            row = next((i for i, value in enumerate(values) if value is not None), 0)
            raise UsageError(f"{where(row)}: unexpected column '{name}' (expected are {', '.join(types)}): {REMEDY}.")
    made = []
    for name, kind in types.items():
        if name not in batch.columns and not sparse:
            raise UsageError(
                f"{where(0)}: column '{name}' is missing (there are {', '.join(batch.columns)}): {REMEDY}."
            )
        values = batch.columns.get(name, [None] * batch.rows)
        made.append(_column(name, values, kind, where, untyped=untyped))
    return pl.DataFrame(made, nan_to_null=False)


def _column(name: str, values: pl.Series | Sequence[Any], kind: str, where: Where, *, untyped: bool) -> pl.Series:
    bare = kind.removesuffix("?")

    def refuse(row: int) -> NoReturn:
        value = values[row]
        if value is None:
            raise UsageError(f"{where(row)}: column '{name}' is empty, but it is declared as {kind}: {REMEDY}.")
        shown = repr(value) if len(repr(value)) <= MAX_SHOWN else repr(value)[:MAX_SHOWN] + "…"
        raise UsageError(f"{where(row)}: column '{name}' holds {shown}, which is no {bare}: {REMEDY}.")

    if not isinstance(values, pl.Series):
        series = _from_python(name, values, bare, refuse)
    elif untyped or (bare in {"date", "datetime"} and values.dtype == pl.String):
        series = values.to_frame(name).select(PARSE[bare](pl.col(name)).alias(name)).to_series()
        if (lost := (series.is_null() & values.is_not_null()).arg_true()).len():
            refuse(int(lost[0]))
    else:
        series = _from_typed(name, values, bare, refuse)
    if not kind.endswith("?") and series.null_count():
        refuse(int(series.is_null().arg_true()[0]))
    return series


def _from_typed(name: str, values: pl.Series, kind: str, refuse: Callable[[int], NoReturn]) -> pl.Series:
    found = _of_dtype(name, values.dtype)
    if found != kind and (found, kind) not in {("int", "float"), ("date", "datetime"), ("string", "json")}:
        if values.null_count() < values.len():
            refuse(int(values.is_not_null().arg_true()[0]))
        return pl.Series(name, [None] * values.len(), dtype=DTYPES[kind])
    if found == "json":
        return pl.Series(name, [None if v is None else _json(v) for v in values.to_list()], dtype=pl.String)
    try:
        return values.cast(DTYPES[kind]).alias(name)
    except pl.exceptions.InvalidOperationError:  # an unsigned number beyond 64 bits with a sign
        refuse(int(values.cast(DTYPES[kind], strict=False).is_null().arg_true()[0]))


def _from_python(name: str, values: Sequence[Any], kind: str, refuse: Callable[[int], NoReturn]) -> pl.Series:
    if kind == "json":
        return pl.Series(name, [None if v is None else _json(v) for v in values], dtype=pl.String)
    text = kind in {"string", "date", "datetime"}
    fits = (type(None), *FITS.get(kind, (str,)))
    for row, value in enumerate(values):
        if type(value) not in fits or (kind == "int" and value is not None and not -(2**63) <= value < 2**63):
            refuse(row)
    series = pl.Series(name, values, dtype=pl.String if text else DTYPES[kind])
    if kind == "string" or not text:
        return series
    parsed = series.to_frame().select(PARSE[kind](pl.col(name))).to_series()
    if (lost := (parsed.is_null() & series.is_not_null()).arg_true()).len():
        refuse(int(lost[0]))
    return parsed


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
