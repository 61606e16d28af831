import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from scipy.stats import bootstrap as scipy_bootstrap

from shipworthy.evaluation.intervals import Interval, bootstrap, wilson


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


def test_bootstrap_agrees_with_scipys_and_depends_on_the_seed_alone() -> None:
    values = np.random.default_rng(0).normal(3, 2, size=200)
    interval = bootstrap(values, np.mean, seed=1)
    expected = scipy_bootstrap((values,), np.mean, method="percentile", rng=2, n_resamples=5000).confidence_interval
    assert interval.value == pytest.approx(values.mean())
    assert (interval.low, interval.high) == (
        pytest.approx(expected.low, abs=0.05),
        pytest.approx(expected.high, abs=0.05),
    )
    assert bootstrap(values, np.mean, seed=1) == interval != bootstrap(values, np.mean, seed=2)


def test_bootstrap_refuses_a_statistic_that_does_not_exist() -> None:
    with pytest.raises(ValueError, match="does not exist"):
        bootstrap(np.ones(3), lambda values: float("nan"), seed=0)


def test_json_and_back() -> None:
    interval = wilson(3, 10)
    assert Interval(**interval.to_json()) == interval
