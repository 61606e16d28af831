"""Rows with a time that are divided at random are told to be divided by it."""

import polars as pl
import pytest

from shipworthy.data.gates import time
from shipworthy.data.gates.model_settings import Time
from tests.data.gates.inputs import FEATURES, on_disk, rows

DATED = rows().with_columns(
    at=pl.format("2024-01-{}T10:00", (pl.int_range(pl.len()) % 28 + 1).cast(pl.String).str.zfill(2))
)


def found(**known: object) -> list[str]:
    features = {**FEATURES, "at": pl.String()}
    return time.check(Time(), on_disk(DATED, features, 500, **known)).violations


def test_a_feature_and_a_date_that_is_no_feature_are_named() -> None:
    assert [one.split()[0] for one in found()] == ["at"]
    assert [one.split()[0] for one in found(dates=["day"])] == ["day", "at"]
    assert "set data.split.time=at" in found()[0]


@pytest.mark.parametrize("known", [{"split_by_time": True}, {"split_by_time": True, "dates": ["day"]}])
def test_rows_that_are_divided_by_time_are_not(known: dict[str, object]) -> None:
    assert found(**known) == []
