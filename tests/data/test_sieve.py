"""No row is lost without a reason."""

import json

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.sieve import Sieve


@given(st.lists(st.sets(st.integers(0, 19)), max_size=5))
def test_rows_add_up_whatever_is_rejected(rounds: list[set[int]]) -> None:
    rows = pl.DataFrame({"id": [f"r{i:02}" for i in range(20)], "n": range(20)})
    sieve = Sieve(rows)
    for number, out in enumerate(rounds):
        bad = pl.col("n").is_in(sorted(out))
        sieve.reject(f"round {number}", pl.when(bad).then(pl.format("n is {}", "n")))
    rejected = sieve.rejected()
    assert sorted([*sieve.rows["id"], *rejected["id"]]) == sorted(rows["id"])
    assert sum(step.rejected for step in sieve.steps) == rejected.height
    for row in rejected.iter_rows(named=True):
        n = json.loads(row["row"])["n"]
        assert row["detail"] == f"n is {n}"
        assert n in rounds[int(row["reason"].removeprefix("round "))]


def test_working_columns_are_not_part_of_a_row() -> None:
    sieve = Sieve(pl.DataFrame({"id": ["a"], "n": [1], "_scratch": [2]}))
    sieve.reject("all", pl.lit("x"))
    assert sieve.rejected()["row"].to_list() == ['{"n":1}']
    assert sieve.rejected().columns == ["id", "reason", "detail", "row"]


def test_ids_are_unique() -> None:
    with pytest.raises(ShipworthyError, match="two rows with the id 'a'"):
        Sieve(pl.DataFrame({"id": ["a", "b", "a"]}))
