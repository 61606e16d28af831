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
