"""A pair that is said to be unlike was found so; others are asked again."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.data.duplicates.unlike_pairs import UnlikePairs

PAIRS = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40)).map(lambda p: (p[0], p[0] + p[1])), max_size=80)


@settings(deadline=None)
@given(PAIRS, PAIRS)
def test_it_invents_no_pair(added: list[tuple[int, int]], asked: list[tuple[int, int]]) -> None:
    table = UnlikePairs(90)
    pairs = np.array(added, np.int32).reshape(-1, 2)
    table.add(pairs[:, 0], pairs[:, 1])
    every = np.array([*added, *asked], np.int32).reshape(-1, 2)
    held = table.holds(every[:, 0], every[:, 1])
    assert {pair for pair, known in zip([*added, *asked], held.tolist(), strict=True) if known} <= set(added)
    if added:
        assert held[len(added) - 1]  # the last one has forgotten nobody but older ones
