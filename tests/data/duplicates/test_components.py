"""Connected components against what can be reached."""

from itertools import combinations

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.components import components, merge
from tests.data.duplicates import plain

LINKS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=20)
KEY = st.lists(st.one_of(st.none(), st.integers(0, 6)), min_size=15, max_size=15)


@settings(deadline=None)
@given(LINKS, LINKS, KEY)
def test_components_are_what_can_be_reached(first: list, second: list, key: list) -> None:
    labels = components(15, [pl.Series(key, dtype=pl.Int64)])
    for links in (first, second):
        pairs = np.array(links, np.int64).reshape(-1, 2)
        labels = merge(labels, pairs[:, 0], pairs[:, 1])
    equal = {(i, j) for i, j in combinations(range(15), 2) if key[i] == key[j]}
    assert labels.tolist() == plain.reach(15, {*first, *second, *equal})


def test_values_of_any_type_join_through_others() -> None:
    names = pl.Series(["a", "b", "a", "c"])
    numbers = pl.Series([1, 2, 3, 2])
    assert components(4, [names, numbers]).tolist() == [0, 1, 0, 1]
