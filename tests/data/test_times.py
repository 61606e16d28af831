"""Columns that hold times are found by their values, and what only looks alike is left alone."""

from datetime import date, datetime

import numpy as np
import polars as pl
import pytest

from shipworthy.data.times import looks_like_time

DRAWS = np.random.default_rng(0)
SECONDS = DRAWS.integers(1_500_000_000, 1_600_000_000, 200)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("x", [date(2024, 1, 1), None]),
        pl.Series("x", [datetime(2024, 1, 1, 12)]),
        pl.Series("x", [f"2024-01-{day:02}" for day in range(1, 29)]),
        pl.Series("x", [f"2013-01-01T{hour:02}:00:00Z" for hour in range(24)]),
        pl.Series("x", [*[f"2024-01-01 {hour:02}:00" for hour in range(24)] * 2, None, "unknown"]),
        pl.Series("x", SECONDS),
        pl.Series("x", SECONDS.astype(float)),
        pl.Series("x", SECONDS + 0.25),
        pl.Series("x", SECONDS * 1000),
        pl.Series("x", SECONDS * 10**6),
        pl.Series("x", SECONDS * 10**9),
        pl.Series("x", [20240100 + day for day in range(1, 29)]),
        pl.Series("Yr", list(range(1995, 2010))),
        pl.Series("sale_year", list(range(1995, 2010))),
    ],
)
def test_times_are_found(column: pl.Series) -> None:
    assert looks_like_time(column)


@pytest.mark.parametrize(
    "column",
    [
        pl.Series("date", ["red", "tan", "blue"]),
        pl.Series("time", DRAWS.normal(0, 1, 200)),
        pl.Series("time", DRAWS.integers(0, 3600, 200)),
        pl.Series("price", list(range(1995, 2010))),
        pl.Series("year", DRAWS.integers(0, 9, 200)),
        pl.Series("phone", DRAWS.integers(1_000_000_000, 9_999_999_999, 200)),
        pl.Series("salary", DRAWS.integers(10_000_000, 99_999_999, 200)),
        pl.Series("created_at", [None, None], dtype=pl.String),
        pl.Series("ok", [True, False, True]),
        pl.Series("version", ["2024-01", "2024-02", "2024-03"]),
        pl.Series("constant", ["2024-01-01"] * 50),
    ],
)
def test_what_only_looks_alike_is_none(column: pl.Series) -> None:
    assert not looks_like_time(column)
