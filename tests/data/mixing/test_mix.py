"""Mixing: proportions, nothing lost without a reason, and only ids and the seed decide."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import UsageError
from shipworthy.data.mixing.mix import SOURCE, mix
from shipworthy.data.mixing.schema import Mixing
from shipworthy.data.row_store import RowStore


def frame(sources: list[int], start: int = 0) -> pl.DataFrame:
    numbers = range(start, start + len(sources))
    return pl.DataFrame(
        {
            "id": [f"r{i:03}" for i in numbers],
            "x": list(numbers),
            "split": ["validation" if i % 7 == 3 else "train" for i in numbers],
            SOURCE: [f"s{source}" for source in sources],
        }
    )


def mixed(
    rows: pl.DataFrame, config: Mixing, *, batch_rows: int = 1000, workers: int = 1
) -> tuple[pl.DataFrame, pl.DataFrame, dict[str, Any]]:
    """The rows that are left, those that were rejected, and the facts."""
    with TemporaryDirectory() as folder:
        store = RowStore(rows, Path(folder), batch_rows=batch_rows, workers=workers)
        facts = mix(config, store, 1)
        return store.rows.collect(), pl.concat(store.rejected()), facts


@settings(max_examples=12, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=30, max_size=60),
    st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=3, max_size=3),
    st.integers(1, 4),
    st.integers(1, 50),
    st.randoms(use_true_random=False),
)
def test_no_row_is_lost_and_train_has_the_shares(
    sources: list[int], weights: list[float], repeat: int, batch: int, shuffler: "st.random.Random"
) -> None:
    # Each source has a row in train, and one of them a weight.
    rows = pl.concat([frame([0, 1, 2]), frame(sources, start=10)])
    config = Mixing(by="from", weights={f"s{i}": w for i, w in enumerate([max(weights[0], 0.5), *weights[1:]])})
    config.repeat = repeat
    left, rejected, facts = mixed(rows, config, batch_rows=batch)
    assert left.columns == ["id", "x", "split"]
    own = left["id"].str.replace(r"#\d+$", "")
    assert left["id"].is_unique().all()
    assert sorted({*own, *rejected["id"]}) == rows["id"].to_list()
    assert not set(own) & set(rejected["id"])
    assert set(rejected["reason"]) <= {"mixing"}
    assert left.filter(split="validation").equals(rows.filter(split="validation").drop(SOURCE))
    assert (left.with_columns(own=own).join(rows, left_on="own", right_on="id")["x"] == left["x"]).all()

    train = left.with_columns(own=own).filter(split="train").join(rows, left_on="own", right_on="id")
    times = dict(train[SOURCE].value_counts().iter_rows())
    have = dict(rows.filter(split="train")[SOURCE].value_counts().iter_rows())
    assert {one["source"]: one["rows_after"] for one in facts["mixing"] if one["rows_after"]} == times
    assert train.group_by("own").len()["len"].max() <= repeat
    whole = sum(config.weights.values())
    for name, weight in config.weights.items():
        assert abs(times.get(name, 0) - train.height * weight / whole) <= 2, "as near as whole rows allow"
    assert any(times[name] >= repeat * have[name] - 1 for name in times), "train is as large as it can be"

    order = list(range(rows.height))
    shuffler.shuffle(order)
    again = mixed(rows[order], config, batch_rows=17)
    assert again[0].equals(left)
    assert again[1].equals(rejected)


def test_two_workers_mix_as_one(tmp_path: Path) -> None:
    rows, config = frame([0, 1, 1, 1, 2] * 20), Mixing(by="from", weights={"s0": 1, "s1": 1, "s2": 0}, repeat=2)
    one, two = (mixed(rows, config, batch_rows=20, workers=workers) for workers in (1, 2))
    assert one[0].equals(two[0])
    assert one[1].equals(two[1])
    assert set(one[0].filter(pl.col("id").str.contains("#"))["id"].str.slice(-2)) == {"#2"}


def test_without_a_column_nothing_happens(tmp_path: Path) -> None:
    store = RowStore(frame([0, 1]), tmp_path)
    assert mix(Mixing(), store, 1) == {}
    assert store.height == 2


@pytest.mark.parametrize(
    ("weights", "sentence"),
    [
        ({"s0": 1}, "data.mixing.weights does not name 's1', which column 'from' has in train: give it a weight, 0"),
        ({"s0": 1, "s1": 1, "s9": 1}, "names 's9', and train has no row of it .column 'from' has s0, s1.: correct it"),
    ],
)
def test_weights_name_the_sources_that_there_are(weights: dict[str, float], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        mixed(frame([0, 1, 0]), Mixing(by="from", weights=weights))


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"by": "x"}, "give `by` and `weights` together"),
        ({"weights": {"a": 1}}, "give `by` and `weights` together"),
        ({"repeat": 2}, "data.mixing.repeat has no effect without data.mixing.by"),
        ({"by": "x", "weights": {"a": 1}, "repeat": 0}, "data.mixing.repeat=0: give a number from 1"),
        ({"by": "x", "weights": {"a": -1}}, "data.mixing.weights.a=-1: give a weight from 0"),
        ({"by": "x", "weights": {"a": 0}}, "data.mixing.weights are all 0"),
    ],
)
def test_settings_that_cannot_be_are_refused(change: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Mixing(**change)
