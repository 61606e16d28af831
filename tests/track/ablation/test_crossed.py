"""The mean of paired differences: its interval, its p-values, and where it says nothing."""

import numpy as np
import pytest

from shipworthy.track.ablation.crossed import crossed


def test_metrics_without_rows_are_compared_by_seeds_alone():
    differences = [np.array([0.02]), np.array([0.03]), np.array([0.025])]
    found = crossed(differences)
    interval = found.interval(0.95)
    # Student's t by hand: mean 0.025, standard error 0.005 / sqrt(3), quantile 4.3027
    assert interval.value == pytest.approx(0.025)
    assert interval.low == pytest.approx(0.025 - 4.302653 * 0.005 / 3**0.5, abs=1e-6)
    assert found.p_value == pytest.approx(0.0131, abs=2e-4)
    assert found.p_at_most(0.0) == pytest.approx(1 - found.p_at_least(0.0)) == pytest.approx(found.p_value / 2)


def test_differences_that_never_vary_are_sure_and_those_of_one_seed_are_not():
    always, never, once = (crossed([np.array([one])] * n) for one, n in ((0.5, 3), (0.0, 3), (0.5, 1)))
    assert (always.p_value, never.p_value, once.p_value) == (0.0, 1.0, 1.0)
    assert (once.interval(0.9).low, once.interval(0.9).high) == (-np.inf, np.inf)


@pytest.mark.parametrize("seeds", [2, 3, 6])
@pytest.mark.parametrize("of_seeds", [0.0, 0.2, 1.0, 4.0])
def test_intervals_cover_whichever_varies_more(seeds, of_seeds):
    """Means of seeds and rows that vary by chance alone, a row's by 1: 95% of the intervals hold 0, or more."""
    draws, tries, rows = np.random.default_rng(7), 1500, 60
    error = 1 / np.sqrt(rows)
    found = [
        crossed(list(draws.normal(0, of_seeds * error, (seeds, 1)) * np.sqrt(seeds) + draws.normal(0, 1, (1, rows))))
        for _ in range(tries)
    ]
    covered = np.mean([one.interval(0.95).low <= 0 <= one.interval(0.95).high for one in found])
    assert covered >= 0.95 - 3 * np.sqrt(0.95 * 0.05 / tries)


def test_p_values_are_the_levels_of_the_intervals_that_end_there():
    draws = np.random.default_rng(2)
    found = crossed([0.3 + draws.normal(0, 0.2) + draws.normal(0, 1, 50) for _ in range(3)])
    p = found.p_value
    assert found.interval(1 - p).low == pytest.approx(0.0, abs=1e-9) or found.interval(1 - p).high == pytest.approx(0.0)
    assert found.p_at_most(found.interval(0.9).low) == pytest.approx(0.05)
    assert found.p_at_least(found.interval(0.9).high) == pytest.approx(0.05)
    assert found.p_at_most(found.value) == pytest.approx(0.5)
    assert found.p_at_most(100.0) > 0.999 and found.p_at_least(100.0) < 0.001
