from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.evaluation import figures
from shipworthy.evaluation.intervals import Interval


def test_shares_are_percent_and_other_numbers_stand_as_they_are() -> None:
    assert figures.interval("accuracy", Interval(0.4123, 0.39, 0.434)) == "41.2% [39.0, 43.4]"
    assert figures.interval("auc", Interval(0.9288, 0.921, 0.936)) == "0.929 [0.921, 0.936]"
    assert figures.figure("accuracy", 0.4123) == "41.2%"
    assert figures.figure("auc", 0.9288) == "0.929"
    assert figures.amount("accuracy", 0.025) == "2.5 points"
    assert figures.amount("auc", 0.025) == "0.025"


@pytest.mark.parametrize(
    ("value", "low", "high", "words"),
    [
        (1234.5, 1190.2, 1301.9, "1,234 [1,190, 1,302]"),
        (12.345, 11.2, 13.9, "12.35 [11.20, 13.90]"),
        (0.012345, 0.0112, 0.0139, "0.01235 [0.01120, 0.01390]"),
        (3.0, -inf, inf, "3.000 [-inf, inf]"),
    ],
)
def test_a_number_has_the_digits_of_its_interval(value: float, low: float, high: float, words: str) -> None:
    digits = figures.decimals(value, high - low)
    assert f"{value:,.{digits}f} [{low:,.{digits}f}, {high:,.{digits}f}]" == words


def test_a_difference_has_a_sign_and_the_digits_that_tell_it_from_what_it_is_compared_with() -> None:
    assert figures.difference("accuracy", Interval(0.123, 0.1, 0.146)) == "+12.3 points [+10.0, +14.6]"
    assert figures.difference("auc", Interval(-0.0211, -0.03, -0.0121)) == "-0.021 [-0.030, -0.012]"
    close = Interval(-0.01, -0.0299997, 0.00004)
    assert figures.difference("accuracy", close, (0.0, -0.03)) == "-1.00000 points [-2.99997, +0.00400]"


def test_a_margin_has_the_digits_of_what_was_compared_with_it() -> None:
    """Else `-1.2352` would not be within `1.235`."""
    found = Interval(0.1, -1.2352, 1.4)
    assert figures.difference("mae", found, figures.both_ways(1.23544)) == "+0.1000 [-1.2352, +1.4000]"
    assert figures.amount("mae", 1.23544, found) == "1.2354"
    assert figures.amount("mae", 1.23544) == "1.235" and figures.amount("mae", 12_345.6) == "12,345.6"
    assert figures.amount("accuracy", 0.03, Interval(0.0, -0.02, 0.02)) == "3 points"


def test_what_rounding_alone_tells_apart_is_alike() -> None:
    assert figures.alike(0.05, 0.04999999999999993) and not figures.alike(0.05, 0.0499999)
    assert figures.difference("auc", Interval(0.04999999999999993, 0.01, 0.09), (0.0, 0.05)) == (
        "+0.050 [+0.010, +0.090]"
    )


def test_a_p_value_is_told_from_alpha() -> None:
    assert figures.probability(0.0123, 0.01) == "p = 0.0123"
    assert figures.probability(0.009999, 0.01) == "p = 0.009999"
    assert figures.probability(0.00001) == "p < 0.0001"
    assert figures.probability(0.00006, 0.00005) == "p = 0.00006"


@given(st.floats(-5, 5), st.floats(-5, 5), st.integers(0, 4))
def test_no_value_looks_equal_to_a_bound_that_it_is_not(value: float, bound: float, least: int) -> None:
    digits = figures.telling([value], [bound], least)
    assert digits >= least
    if abs(value - bound) > 1e-10:
        shown, limit = float(f"{value:.{digits}f}"), float(f"{bound:.{digits}f}")
        assert (shown > limit) == (value > bound) and (shown < limit) == (value < bound)
