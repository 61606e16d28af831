"""Gate: columns meet their declared conditions, checked by pandera batch by batch."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import polars as pl

from shipworthy.core.errors import UsageError
from shipworthy.data.gates.interface import GateInput, GateResult
from shipworthy.data.gates.row_settings import Column, Table

KEPT = 1000
"""Failing values that are kept; all are counted."""
CASE = {"id": pl.String, "column": pl.String, "check": pl.String, "value": pl.String}


def check(config: Table, inputs: GateInput) -> GateResult:
    """Checks types, missing values, ranges, allowed values and patterns, and for missing or undeclared columns.

    Raises:
        UsageError: `answer` is `required`, which `prepare` checks anyway, or a pattern is invalid.
    """
    if "answer" in config.columns and config.columns["answer"].required:
        raise UsageError("data.gates.table: a row without an answer is rejected anyway: take `required` out of answer.")
    kinds = {**inputs.features, "answer": pl.Float64() if inputs.numbers else pl.String()}
    violations = [f"there is no column {name}" for name in config.columns if name not in kinds]
    if not config.others:
        violations += [f"column {name} is not declared" for name in inputs.features if name not in config.columns]
    declared = {name: column for name, column in config.columns.items() if name in kinds}
    for name, column in declared.items():
        _need_pattern(f"data.gates.table.columns.{name}.regex", column.regex)
    counts, kept, failing_rows = _gathered(_failures(inputs.rows.select("id", *declared), declared, kinds))
    for name, rule, n, value, identity in counts.iter_rows():
        violations.append(f"{name} is not {rule}" + ("" if identity is None else f" in {n} rows, such as '{value}'"))
    why = pl.format("{} is '{}', not {}", "column", pl.col("value").fill_null("missing"), "check").alias("detail")
    return GateResult(violations, inputs.total, rows=kept.select("id", why), failing_rows=failing_rows)


def _gathered(batches: Iterable[pl.DataFrame]) -> tuple[pl.DataFrame, pl.DataFrame, int]:
    """Of all batches: column, check, n, and value and id of the first row; the first failing values; failing rows."""
    counts, kept, failing_rows = [], [], 0
    first = pl.col("value", "id").sort_by("id").first()
    for cases in batches:
        counts.append(cases.group_by("column", "check").agg(pl.len().alias("n"), first))
        kept.append(cases.drop_nulls("id").sort("id", "column", "check").head(KEPT))
        failing_rows += cases["id"].drop_nulls().n_unique()
    none = pl.DataFrame(schema=CASE)
    summed = pl.concat([none.select("column", "check", pl.lit(0, pl.UInt32).alias("n"), "value", "id"), *counts])
    summed = summed.group_by("column", "check").agg(pl.col("n").sum(), first).sort("column", "check")
    return summed, pl.concat([none, *kept]).sort("id", "column", "check").head(KEPT), failing_rows


def _failures(rows: pl.LazyFrame, declared: dict[str, Column], kinds: dict[str, pl.DataType]) -> Iterator[pl.DataFrame]:
    """Each failing value of each batch: id (null: the whole column), column, check, value."""
    import pandera.polars as pa

    schema = pa.DataFrameSchema({name: _column(column, kinds[name]) for name, column in declared.items()})
    for batch in rows.collect_batches(engine="streaming"):
        try:
            schema.validate(batch, lazy=True)
        except pa.errors.SchemaErrors as error:
            yield _cases(error.failure_cases, batch["id"])


def _cases(cases: pl.DataFrame, ids: pl.Series) -> pl.DataFrame:
    named = cases.with_columns(
        pl.when(pl.col("check") == "not_nullable").then(pl.lit("there")).otherwise(pl.col("check")).alias("check"),
        pl.coalesce(pl.col("column"), pl.col("failure_case")).alias("column"),
    )
    found = ids.gather(pl.Series(named["index"].cast(pl.UInt32)))
    return named.select(found.alias("id"), "column", "check", pl.col("failure_case").cast(pl.String).alias("value"))


def _column(column: Column, kind: pl.DataType) -> Any:
    import pandera.polars as pa

    checks = []
    if column.min is not None:
        checks.append(pa.Check.ge(column.min, error=f"at least {column.min:g}"))
    if column.max is not None:
        checks.append(pa.Check.le(column.max, error=f"at most {column.max:g}"))
    if column.allowed:
        checks.append(pa.Check.isin(column.allowed, error=f"one of {', '.join(column.allowed)}"))
    if column.regex:
        checks.append(pa.Check.str_matches(column.regex, error=f"like {column.regex}"))
    fits = {"text": kind == pl.String, "number": kind.is_numeric(), "integer": kind.is_integer(), "": True}
    wanted = {"text": pl.String(), "number": pl.Float64(), "integer": pl.Int64(), "": kind}
    dtype = kind if fits[column.type] else wanted[column.type]
    return pa.Column(dtype, checks, nullable=not column.required)


def _need_pattern(key: str, regex: str) -> None:
    """Refuses a pattern that Python's re or polars' regex engine cannot compile."""
    try:
        re.compile(regex)
        pl.select(pl.lit("").str.contains(regex))
    except (re.error, pl.exceptions.ComputeError) as error:
        raise UsageError(f"{key}={regex} is no pattern ({str(error).splitlines()[0]}): correct it.") from error
