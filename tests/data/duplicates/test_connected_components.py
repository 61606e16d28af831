"""Connected components against what can be reached."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.connected_components import Components, merge_components
from tests.data.duplicates import plain

LINKS = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 14)), max_size=20)


@settings(deadline=None)
@given(LINKS, LINKS)
def test_components_are_what_can_be_reached(first: list, second: list) -> None:
    labels = np.arange(15, dtype=np.int32)
    for links in (first, second):
        pairs = np.array(links, np.int64).reshape(-1, 2)
        labels = merge_components(labels, pairs[:, 0], pairs[:, 1])
    assert labels.tolist() == plain.reach(15, {*first, *second})


@settings(deadline=None)
@given(st.lists(LINKS, max_size=6), st.lists(st.integers(0, 14), min_size=1))
def test_merged_step_by_step_they_are_known_at_any_time(steps: list[list], asked: list[int]) -> None:
    components, links = Components(np.arange(15, dtype=np.int32)), set()
    for step in steps:
        pairs = np.array(step, np.int64).reshape(-1, 2)
        components.merge(pairs[:, 0], pairs[:, 1])
        links |= set(step)
        expected = plain.reach(15, links)
        assert components.of(np.array(asked)).tolist() == [expected[member] for member in asked]
    assert components.labels().tolist() == plain.reach(15, links)
