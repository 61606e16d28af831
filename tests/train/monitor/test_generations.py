"""Distinct-n is what can be counted by hand, and falls when answers become alike."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.train.monitor.generations import distinct, measure

EOS = 2
ANSWERS = st.lists(st.lists(st.integers(3, 9), max_size=5), min_size=1, max_size=8)


def test_counted_by_hand() -> None:
    # begin-5, 5-6, 6-end, twice, and begin-7, 7-end: 5 different of 8.
    assert distinct([[5, 6], [5, 6], [7]]) == 5 / 8
    assert distinct([[5, 5, 5], [5]], n=1) == 2 / 6


def test_a_collapse_shows() -> None:
    references = [[i, i + 1, i + 2, EOS] for i in range(10, 40)]
    alike = measure([[10, 11, 12]] * 30, references, EOS)
    varied = measure([[i + 1, i + 2, i] for i in range(10, 40)], references, EOS)
    assert alike["generation_distinct_2"] < 0.1 * alike["reference_distinct_2"]
    assert varied["generation_distinct_2"] > 0.8 * varied["reference_distinct_2"]
    assert alike["generation_length"] == alike["reference_length"] == 3


@given(ANSWERS)
def test_it_is_a_share_and_repeating_all_answers_halves_it(answers: list[list[int]]) -> None:
    assert 0 < distinct(answers) <= 1
    assert distinct([*answers, *answers]) == pytest.approx(distinct(answers) / 2)


def test_nothing_has_no_share() -> None:
    with pytest.raises(ValueError, match="no answers"):
        distinct([])
