"""Rows of a database: DuckDB by its own library, SQLite by Python's, which needs no extension to be downloaded."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pyarrow as pa

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import project_root
from shipworthy.data.sources.parquet import GROUP_ROWS, keep
from shipworthy.data.sources.schema import FROM_ENVIRONMENT, Sql


def fetch(source: Sql, folder: Path) -> Path:
    """The rows of the query, in the order in which they come, as a file in `folder`.

    Raises:
        UsageError: the URL is none, or its variable is not set.
        ShipworthyError: the database is not there, or the query fails.
    """
    kind, path = _place(source.url)
    if not path.is_file():
        raise ShipworthyError(f"data.source.url={source.url}: there is no database: correct it.")
    return keep({"duckdb": _duckdb, "sqlite": _sqlite}[kind](path, source), folder, source.title)


def _place(url: str) -> tuple[str, Path]:
    """`duckdb` or `sqlite`, and the file. A URL out of the environment may be a secret: no error repeats it."""
    if url.startswith(FROM_ENVIRONMENT):
        variable = url.removeprefix(FROM_ENVIRONMENT)
        if not (found := os.environ.get(variable)):
            raise UsageError(f"data.source.url={url}: the variable {variable} is not set.")
        kind, sign, path = found.partition(":///")
        if not sign or kind not in {"duckdb", "sqlite"} or not path:
            raise UsageError(f"data.source.url={url}: the variable holds no sqlite:///file.db or duckdb:///file.db.")
        return kind, project_root() / path
    kind, _, path = url.partition(":///")
    return kind, project_root() / path


def _duckdb(path: Path, source: Sql) -> Iterator[Any]:
    import duckdb

    try:
        with duckdb.connect(str(path), read_only=True) as connection:
            reader: Any = connection.execute(source.query).to_arrow_reader(GROUP_ROWS)
            yield from (pa.Table.from_batches([batch]) for batch in reader)
    except duckdb.Error as error:
        raise ShipworthyError(f"data.source.query fails ({str(error).splitlines()[0]}): correct it.") from error


def _sqlite(path: Path, source: Sql) -> Iterator[Any]:
    schema: Any = None
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            cursor = connection.execute(source.query)
            names = [column[0] for column in cursor.description] if cursor.description else []
            if twice := [name for name in names if names.count(name) > 1]:
                raise ShipworthyError(f"data.source.query gives two columns '{twice[0]}': rename one of them with AS.")
            while rows := cursor.fetchmany(GROUP_ROWS):
                values = [list(column) for column in zip(*rows, strict=True)]
                table = pa.table(dict(zip(names, values, strict=True)))
                schema = table.schema if schema is None else schema
                yield table.cast(schema)
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise ShipworthyError(f"data.source.query fails ({error}): correct it.") from error
    except pa.ArrowException as error:
        raise ShipworthyError(f"data.source.query gives a column of several types ({error}): CAST it.") from error
