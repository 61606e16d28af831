"""Splits: what belongs together stays together, and only the ids, the seed and the groups count."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.data.schema import Split
from shipworthy.data.split import assign, groups, over_cap, proof

CONFIG = Split(test=0.2, validation=0.2, apart=["answer"])


def frame(n: int, clusters: list[int], answers: list[int]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "id": [f"r{i:03}" for i in range(n)],
            "cluster": [f"c{clusters[i % len(clusters)]}" if clusters else f"c{i}" for i in range(n)],
            "answer": [f"a{answers[i % len(answers)]}" if answers else f"a{i}" for i in range(n)],
        }
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=40, max_size=40),
    st.lists(st.integers(0, 30), min_size=40, max_size=40),
    st.randoms(use_true_random=False),
)
def test_no_group_in_two_splits_whatever_the_order(
    clusters: list[int], answers: list[int], shuffler: "st.random.Random"
) -> None:
    rows = pl.concat([frame(40, clusters, answers), frame(60, [], []).select(pl.all() + "x")])
    result = rows.with_columns(assign(rows, CONFIG, seed=1))
    for name, counts in proof(result, ["answer"]).items():
        assert counts == {"values": rows[name].n_unique(), "in two splits": 0}
    order = list(range(rows.height))
    shuffler.shuffle(order)
    shuffled = rows[order]
    again = shuffled.with_columns(assign(shuffled, CONFIG, seed=1)).sort("id")
    assert again.equals(result.sort("id"))


def test_groups_reach_through_clusters_and_answers() -> None:
    rows = pl.DataFrame(
        {"id": ["d", "c", "b", "a", "e"], "cluster": [1, 1, 2, 3, 4], "answer": ["x", "y", "y", "z", "z"]}
    )
    assert groups(rows, ["answer"]).to_list() == ["b", "b", "b", "a", "a"]
    assert groups(rows, []).to_list() == ["c", "c", "b", "a", "e"]


def test_numbers_of_rows_are_met_and_scaled_with_the_sample() -> None:
    rows = frame(500, [], [])
    for sample, test, validation in ((1.0, 60, 30), (0.5, 30, 15)):
        counts = dict(assign(rows, Split(test=60, validation=30).scaled(sample), 1).value_counts().iter_rows())
        assert counts == {"test": test, "validation": validation, "train": 500 - test - validation}


def test_shares_are_not_scaled() -> None:
    assert Split(test=0.2, validation=30, train_rows=7).scaled(0.01) == Split(test=0.2, validation=1, train_rows=7)


def test_another_seed_divides_otherwise() -> None:
    rows = frame(200, [], [])
    assert assign(rows, CONFIG, 1).to_list() == assign(rows, CONFIG, 1).to_list()
    assert assign(rows, CONFIG, 1).to_list() != assign(rows, CONFIG, 2).to_list()


def test_a_large_group_stays_in_train() -> None:
    rows = frame(300, [], []).with_columns(
        cluster=pl.when(pl.int_range(300) < 30).then(pl.lit("big")).otherwise("cluster")
    )
    for seed in range(20):
        result = rows.with_columns(assign(rows, CONFIG, seed))
        assert set(result.filter(cluster="big")["split"]) == {"train"}
        assert result.filter(split="test").height == 60


def test_strata_keep_their_shares() -> None:
    rows = frame(1000, [], []).with_columns(
        answer=pl.when(pl.int_range(1000) % 10 == 0).then(pl.lit("rare")).otherwise(pl.lit("common"))
    )
    result = rows.with_columns(assign(rows, Split(test=0.2, validation=0.1, stratify=True), 3))
    for split, size in (("test", 200), ("validation", 100), ("train", 700)):
        part = result.filter(split=split)
        assert part.height == size
        assert part.filter(answer="rare").height == size // 10


def test_an_empty_split_is_refused() -> None:
    with pytest.raises(ShipworthyError, match="The train split is empty: 20 rows in 20 groups"):
        assign(frame(20, [], []), Split(test=10, validation=15), 1)
    with pytest.raises(ShipworthyError, match="0 rows in 0 groups"):
        assign(frame(20, [], []).clear(), CONFIG, 1)


def test_a_value_in_two_splits_fails_the_proof() -> None:
    rows = pl.DataFrame({"cluster": ["c", "c"], "split": ["train", "test"]})
    with pytest.raises(AssertionError, match="cluster stands in two splits"):
        proof(rows, [])


def test_the_cap_takes_from_train_alone() -> None:
    rows = frame(100, [], [])
    rows = rows.with_columns(assign(rows, CONFIG, 1))
    over = over_cap(rows, Split(train_rows=25), 1)
    left = rows.filter(over.is_null())
    assert dict(left["split"].value_counts().iter_rows()) == {"train": 25, "test": 20, "validation": 20}
    assert set(over.drop_nulls()) == {"data.split.train_rows=25"}
    assert over_cap(rows, Split(), 1).null_count() == 100
