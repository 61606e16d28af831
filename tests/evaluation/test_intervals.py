from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest, bootstrap

from shipworthy.evaluation.intervals import Interval, mean, ratio, wilson


# Newcombe 1998 (Statistics in Medicine 17:857), table I, method 3.
@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(successes: int, n: int, low: float, high: float) -> None:
    interval = wilson(successes, n)
    assert (interval.low, interval.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


@given(st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.sampled_from([0.9, 0.95]))
def test_wilson_is_scipys_and_holds_the_share(row: tuple[int, int], level: float) -> None:
    interval = wilson(*row, level)
    expected = binomtest(*row).proportion_ci(level, method="wilson")
    assert (interval.low, interval.high) == (pytest.approx(expected.low, abs=1e-9), pytest.approx(expected.high))
    assert 0 <= interval.low <= interval.value <= interval.high <= 1


@pytest.mark.parametrize(("successes", "n"), [(0, 0), (3, 2), (-1, 2)])
def test_no_share_has_no_interval(successes: int, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        wilson(successes, n)


def test_a_mean_and_a_ratio_agree_with_scipys_bca_and_depend_on_the_seed_alone() -> None:
    draws = np.random.default_rng(0)
    tokens = draws.integers(5, 60, 150).astype(float)
    words = np.ceil(tokens / draws.uniform(1, 2, 150))

    def agrees(found: Interval, expected: Any) -> bool:
        width = expected.high - expected.low
        ends = [pytest.approx(end, abs=0.1 * width) for end in (expected.low, expected.high)]
        return [found.low, found.high] == ends

    of_mean = bootstrap((tokens,), np.mean, rng=2, n_resamples=5000).confidence_interval
    assert agrees(mean(tokens, 1), of_mean) and mean(tokens, 1).value == tokens.mean()

    def rate(above: np.ndarray, below: np.ndarray, axis: int = 0) -> np.ndarray:
        return np.asarray(above.sum(axis=axis) / below.sum(axis=axis))

    of_ratio = bootstrap((tokens, words), rate, paired=True, rng=2, n_resamples=5000).confidence_interval
    assert agrees(ratio(tokens, words, 1), of_ratio) and ratio(tokens, words, 1).value == tokens.sum() / words.sum()
    assert ratio(tokens, words, 1) == ratio(tokens, words, 1) != ratio(tokens, words, 2)


def test_of_one_row_there_is_the_value_and_of_nothing_below_no_ratio() -> None:
    one = ratio(np.array([3.0]), np.array([2.0]), 0)
    assert (one.value, one.low, one.high) == (1.5, 1.5, 1.5)
    with pytest.raises(ValueError, match="does not exist"):
        ratio(np.ones(3), np.zeros(3), 0)


def test_json_and_back() -> None:
    interval = wilson(3, 10)
    assert Interval(**interval.to_json()) == interval
