import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shipworthy.evaluation.tango import score, score_interval


def test_airway_hyper_responsiveness_as_published() -> None:
    """Fagerland, Lydersen and Laake 2014: 21 children, 1 and 7 discordant; Tango -0.517 to -0.026."""
    found = score_interval(1, 7, 21)
    assert found.value == pytest.approx(-0.286, abs=5e-4)
    assert (found.low, found.high) == (pytest.approx(-0.517, abs=5e-4), pytest.approx(-0.026, abs=5e-4))


def test_contact_lens_disinfection_as_published() -> None:
    """Tango 1998, section 5: 44 patients, 0 and 1 discordant, margin 0.1; Z = 1.709."""
    assert score(0, 1, 44, -0.1) == pytest.approx(1.709, abs=5e-4)


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.integers(0, n // 2), st.integers(0, n // 2), st.just(n))))
def test_the_interval_ends_where_the_score_is_the_quantile(counts: tuple[int, int, int]) -> None:
    wins, losses, n = counts
    interval = score_interval(wins, losses, n)
    assert -1 <= interval.low <= interval.value + 1e-9 and interval.value - 1e-9 <= interval.high <= 1
    for end, z in ((interval.low, 1.959964), (interval.high, -1.959964)):
        if -1 < end < 1:
            assert score(wins, losses, n, end) == pytest.approx(z, abs=1e-4)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(5)
    covered = 0
    for _ in range(1000):
        wins, losses, _ = draws.multinomial(100, [0.25, 0.15, 0.6])
        interval = score_interval(int(wins), int(losses), 100)
        covered += interval.low <= 0.1 <= interval.high
    assert 0.93 <= covered / 1000 <= 0.97
