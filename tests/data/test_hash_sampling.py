"""Samples and folds that depend on ids alone."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.hash_sampling import folds, sample


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 60), st.integers(1, 40), st.integers(0, 5))
def test_a_sample_is_the_same_in_any_order(n: int, k: int, seed: int) -> None:
    rows = pl.DataFrame({"id": [f"r{i:03}" for i in range(n)], "x": range(n)}, schema={"id": pl.String, "x": pl.Int64})
    taken = sample(rows.lazy(), k, "s")
    assert taken.equals(sample(rows.sample(fraction=1, shuffle=True, seed=seed).lazy(), k, "s"))
    assert taken.height == min(n, k) and set(taken.rows()) <= set(rows.rows())
    smaller = sample(rows.lazy(), max(1, k - 1), "s")
    assert set(smaller["id"]) <= set(taken["id"])


def test_another_salt_gives_other_rows() -> None:
    rows = pl.DataFrame({"id": [str(i) for i in range(1000)]}).lazy()
    assert set(sample(rows, 100, "a")["id"]) != set(sample(rows, 100, "b")["id"])


def test_folds_keep_equal_keys_together_and_are_of_equal_size() -> None:
    keys = pl.Series([f"c{i // 3}" for i in range(3000)])
    fold = folds(keys, 4, "s")
    assert pl.DataFrame({"k": keys, "f": fold}).group_by("k").agg(pl.col("f").n_unique())["f"].max() == 1
    assert set(fold) == {0, 1, 2, 3}
    assert all(600 < n < 900 for n in fold.value_counts()["count"])
