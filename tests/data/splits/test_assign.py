"""Splits: what belongs together stays together, and only the ids, the seed and the groups count."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.data.row_store import RowStore
from shipworthy.data.splits import assign as module
from shipworthy.data.splits.check import check_disjoint
from shipworthy.data.splits.folds import cap, fold
from shipworthy.data.splits.schema import Split

CONFIG = Split(test=0.2, validation=0.2, group_columns=["answer"])


def frame(n: int, clusters: Sequence[int] = (), answers: Sequence[int] = (), start: int = 0) -> pl.DataFrame:
    numbers = range(start, start + n)
    return pl.DataFrame(
        {
            "id": [f"r{i:03}" for i in numbers],
            "x": numbers,
            "cluster": [f"c{clusters[i % len(clusters)]}" if clusters else f"c{i}" for i in numbers],
            "answer": [f"a{answers[i % len(answers)]}" if answers else f"a{i}" for i in numbers],
        }
    )


def divide(
    rows: pl.DataFrame, config: Split, seed: int = 1, batch_rows: int = 1000
) -> tuple[pl.DataFrame, dict[str, Any]]:
    """The rows with split, group and fold, by id, and what `check_disjoint` counted."""
    with TemporaryDirectory() as folder:
        store = RowStore(rows, Path(folder), batch_rows=batch_rows)
        module.assign(store, config, seed, ["x"])
        counts = check_disjoint(store, config, ["x"])
        cap(store, config, seed)
        fold(store, config, seed)
        rejected = pl.concat(store.rejected())
        assert store.height + rejected.height == rows.height
        return store.rows.collect(), {"counts": counts, "rejected": rejected}


def counts(rows: pl.DataFrame) -> dict[str, int]:
    return dict(Counter(rows["split"]))


@settings(max_examples=8, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=40, max_size=40),
    st.lists(st.integers(0, 30), min_size=40, max_size=40),
    st.randoms(use_true_random=False),
    st.integers(1, 120),
)
def test_no_group_in_two_splits_whatever_order_and_batches(
    clusters: list[int], answers: list[int], shuffler: "st.random.Random", batch: int
) -> None:
    rows = pl.concat([frame(40, clusters, answers), frame(60, start=40)])
    result, known = divide(rows, CONFIG)
    for name in ("cluster", "answer"):
        assert known["counts"][name] == {"values": rows[name].n_unique(), "in two splits": 0}
        assert result.group_by(name).agg(pl.col("split").n_unique())["split"].max() == 1
    order = list(range(rows.height))
    shuffler.shuffle(order)
    again, _ = divide(rows[order], CONFIG, batch_rows=batch)
    assert again.equals(result)


def test_groups_reach_through_clusters_answers_and_equal_rows(tmp_path: Path) -> None:
    rows = pl.DataFrame(
        {
            "id": ["d", "c", "b", "a", "e", "f", "g", "h"],
            "x": [1, 2, 3, 4, 5, 6, 6, 8],
            "cluster": [1, 1, 2, 3, 4, 5, 6, 7],
            "answer": ["x", "y", "y", "z", "z", "u", None, None],
        }
    )
    for name, group_columns, wanted in (("one", ["answer"], "abbbaffh"), ("two", [], "abcceffh")):
        store = RowStore(rows, tmp_path / name)
        labels = module.groups(store, group_columns, ["x"])
        assert "".join(store.column("id").gather(labels)) == wanted


def test_numbers_of_rows_are_met_and_scaled_with_the_sample() -> None:
    for sample, test, validation in ((1.0, 60, 30), (0.5, 30, 15)):
        result, _ = divide(frame(500), Split(test=60, validation=30).scaled(sample))
        assert counts(result) == {"test": test, "validation": validation, "train": 500 - test - validation}


def test_shares_are_not_scaled() -> None:
    assert Split(test=0.2, validation=30, train_rows=7).scaled(0.01) == Split(test=0.2, validation=1, train_rows=7)


def test_another_seed_divides_otherwise() -> None:
    one, other = (divide(frame(200), CONFIG, seed)[0] for seed in (1, 2))
    assert one["split"].to_list() != other["split"].to_list()


def test_a_large_group_stays_in_train() -> None:
    rows = frame(300).with_columns(cluster=pl.when(pl.int_range(300) < 30).then(pl.lit("big")).otherwise("cluster"))
    for seed in range(8):
        result, _ = divide(rows, CONFIG, seed)
        assert set(result.filter(cluster="big")["split"]) == {"train"}
        assert result.filter(split="test").height == 60


def test_strata_keep_their_shares() -> None:
    rows = frame(1000).with_columns(
        answer=pl.when(pl.int_range(1000) % 10 == 0).then(pl.lit("rare")).otherwise(pl.lit("common"))
    )
    result, _ = divide(rows, Split(test=0.2, validation=0.1, stratify=True, folds=5), 3)
    for split, size in (("test", 200), ("validation", 100), ("train", 700)):
        part = result.filter(split=split)
        assert part.height == size
        assert part.filter(answer="rare").height == size // 10
    for number in range(5):
        assert result.filter(fold=number, answer="rare").height == 14
        assert result.filter(fold=number, answer="common").height == 126


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ShipworthyError, match="The train split is empty: 20 rows in 20 groups"):
        divide(frame(20), Split(test=10, validation=15))
    with pytest.raises(ShipworthyError, match="0 rows in 0 groups"):
        divide(frame(20).clear(), CONFIG)


def test_a_value_in_two_splits_fails_the_check(tmp_path: Path) -> None:
    rows = pl.DataFrame({"id": ["a", "b"], "x": [1, 2], "cluster": ["c", "c"], "_group": ["a", "b"]})
    store = RowStore(rows.with_columns(split=pl.Series(["train", "test"])), tmp_path)
    with pytest.raises(AssertionError, match="cluster is in two splits"):
        check_disjoint(store, Split(), ["x"])


def test_the_cap_takes_from_train_alone() -> None:
    result, known = divide(frame(100), Split(test=0.2, validation=0.2, train_rows=25))
    assert counts(result) == {"train": 25, "test": 20, "validation": 20}
    assert set(known["rejected"]["detail"]) == {"data.split.train_rows=25"}


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=60, max_size=60), st.integers(2, 5))
def test_folds_hold_groups_whole_and_are_of_like_size(clusters: list[int], k: int) -> None:
    rows = pl.concat([frame(60, clusters), frame(60, start=60)])
    result, _ = divide(rows, Split(test=0.1, validation=0.1, folds=k))
    train, rest = result.filter(split="train"), result.filter(pl.col("split") != "train")
    assert train["fold"].null_count() == 0
    assert rest["fold"].null_count() == rest.height
    assert train.group_by("cluster").agg(pl.col("fold").n_unique())["fold"].max() == 1
    sizes = [train.filter(fold=number).height for number in range(k)]
    assert max(sizes) - min(sizes) <= train["cluster"].value_counts()["count"].max()


def timed(n: int, clusters: Sequence[int] = ()) -> pl.DataFrame:
    """The later the row, the lower its number, so that ids say nothing."""
    return frame(n, clusters).with_columns(day=pl.date(2024, 1, 1) + pl.duration(days=pl.lit(n) - pl.int_range(n) // 2))


def test_train_comes_before_validation_before_test() -> None:
    result, known = divide(timed(100), Split(test=0.2, validation=10, time="day"))
    assert counts(result) == {"test": 20, "validation": 10, "train": 70}
    ranges = {name: result.filter(split=name)["day"] for name in module.NAMES}
    assert ranges["train"].max() < ranges["validation"].min()
    assert ranges["validation"].max() < ranges["test"].min()
    assert known["rejected"].height == 0


@settings(max_examples=8, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=80, max_size=80))
def test_of_a_group_that_straddles_a_border_the_earlier_part_stays(clusters: list[int]) -> None:
    rows = pl.concat(
        [
            timed(80, clusters),
            timed(80).with_columns(
                pl.format("s{}", "x").alias("id"), x=-pl.col("x") - 1, cluster=pl.format("s{}", "x")
            ),
        ]
    )
    result, known = divide(rows, Split(test=0.25, validation=0.25, time="day"))
    kept = {name: result.filter(split=name) for name in module.NAMES}
    assert kept["train"]["day"].max() < kept["validation"]["day"].min()
    assert kept["validation"]["day"].max() < kept["test"]["day"].min()
    assert result.group_by("cluster").agg(pl.col("split").n_unique())["split"].max() == 1
    gone = rows.filter(pl.col("id").is_in(known["rejected"]["id"].to_list()))
    assert set(known["rejected"]["reason"]) <= {"straddles a border in time"}
    for cluster, day in gone.select("cluster", "day").iter_rows():
        assert result.filter(cluster=cluster)["day"].min() < day


def test_rows_without_a_time_are_rejected_and_no_time_is_refused() -> None:
    rows = frame(50).with_columns(at=pl.format("2024-01-{}", (pl.int_range(50) % 28 + 1).cast(pl.String).str.zfill(2)))
    config = Split(test=0.2, validation=0.2, time="at")
    result, known = divide(rows.with_columns(at=pl.when(pl.col("id") != "r007").then("at")), config)
    assert known["rejected"].select("id", "reason", "detail").rows() == [("r007", "no time", "at is empty")]
    assert result.filter(split="train")["at"].max() < result.filter(split="test")["at"].min()
    with pytest.raises(UsageError, match="data.split.time=at holds 'soon', which is no ISO time"):
        divide(rows.with_columns(at=pl.lit("soon")), config)


@pytest.mark.parametrize(
    ("settings_", "sentence"),
    [
        ({"time": "day", "stratify": True}, "stratify has no effect"),
        ({"folds": 1}, "data.split.folds=1"),
    ],
)
def test_impossible_settings_are_refused(settings_: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        Split(**settings_)
