"""Rows of real databases."""

import sqlite3
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.core.project import project_root
from shipworthy.data import snapshot
from shipworthy.data.kinds.schema import Table
from shipworthy.data.sources.schema import Sql
from shipworthy.data.sources.sql import fetch

ROWS = [(1, "a", 1.5), (2, "b", None), (3, None, 3.5)]
ASKED = "SELECT n, name, x FROM t ORDER BY n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "conf").mkdir()
    (tmp_path / "conf" / "config.yaml").touch()
    (tmp_path / "data").mkdir()
    monkeypatch.chdir(tmp_path)
    project_root.cache_clear()
    with closing(sqlite3.connect(tmp_path / "one.db")) as lite, duckdb.connect(str(tmp_path / "two.db")) as duck:
        for base in (lite, duck):
            base.execute("CREATE TABLE t (n INTEGER, name TEXT, x DOUBLE)")
            base.executemany("INSERT INTO t VALUES (?, ?, ?)", ROWS)
        lite.commit()
    yield tmp_path
    project_root.cache_clear()


@pytest.mark.parametrize("url", ["sqlite:///one.db", "duckdb:///two.db", "sqlite:///{}/one.db", "env:TICKETS"])
def test_rows_come_in_the_order_of_the_query(project: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("TICKETS", f"duckdb:///{project}/two.db")
    found = fetch(Sql(url=url.format(project), query=ASKED), project)
    assert pl.read_parquet(found).rows() == ROWS
    first = found.read_bytes()
    assert fetch(Sql(url=url.format(project), query=ASKED), project).read_bytes() == first


def test_more_rows_than_are_read_at_once(project: Path) -> None:
    many = "SELECT range AS n FROM range(120001)"
    found = fetch(Sql(url="duckdb:///two.db", query=many), project)
    assert pl.read_parquet(found)["n"].to_list() == list(range(120_001))
    recursive = "WITH RECURSIVE c(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM c WHERE n < 60000) SELECT n FROM c"
    found = fetch(Sql(url="sqlite:///one.db", query=recursive), project)
    assert pl.read_parquet(found)["n"].to_list() == list(range(60_001))


@pytest.mark.parametrize(
    ("url", "query", "sentence"),
    [
        ("sqlite:///gone.db", ASKED, "data.source.url=sqlite:///gone.db: there is no database"),
        ("sqlite:///one.db", "SELECT z FROM t", "data.source.query fails .*no such column: z"),
        ("duckdb:///two.db", "SELECT z FROM t", "data.source.query fails .*z"),
        ("sqlite:///one.db", "DELETE FROM t", "data.source.query fails .*readonly"),
        ("sqlite:///one.db", "SELECT n FROM t WHERE n > 9", "gives no rows"),
        ("sqlite:///one.db", "SELECT n AS v FROM t UNION ALL SELECT name FROM t", "CAST it"),
        ("sqlite:///one.db", "SELECT name AS v FROM t WHERE n = 1 UNION ALL SELECT n FROM t", "CAST it"),
        ("sqlite:///one.db", "SELECT n FROM t; SELECT 1", "data.source.query fails .*one statement"),
        ("sqlite:///one.db", "SELECT n, name, n FROM t", "two columns 'n'"),
        ("env:NOT_SET", ASKED, "the variable NOT_SET is not set"),
        ("env:BAD", ASKED, "the variable holds no sqlite"),
    ],
)
def test_what_fails_is_one_sentence_without_the_secret(
    project: Path, monkeypatch: pytest.MonkeyPatch, url: str, query: str, sentence: str
) -> None:
    monkeypatch.setenv("BAD", "postgres://me:hunter2hunter2@host/db")
    mine = Table(name="n", licence="l", file="r.parquet", label="y", source=Sql(url=url, query=query))
    with pytest.raises(ShipworthyError, match=sentence) as caught:
        snapshot.fetch(mine, project / "data", project / "downloads")
    assert "hunter2" not in str(caught.value)
    assert not list((project / "data").iterdir())


def test_urls_that_cannot_be_read_are_refused() -> None:
    with pytest.raises(UsageError, match="data.source.url is no URL that can be read"):
        Sql(url="postgres://me:hunter2hunter2@host/db", query=ASKED)
