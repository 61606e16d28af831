import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.contingency_tables import mcnemar

from shipworthy.evaluation.paired import compare, holm, noninferiority, score, score_interval

Rows = list[tuple[bool, bool]]
rows = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200)


def columns(wins: int, losses: int, n: int) -> tuple[list[bool], list[bool]]:
    both = n - wins - losses
    return [True] * wins + [False] * losses + [True] * both, [False] * wins + [True] * losses + [True] * both


def test_airway_hyper_responsiveness_as_published() -> None:
    """Fagerland, Lydersen and Laake 2014: 21 children, 1 and 7 discordant; exact p 0.0703, Tango -0.517 to -0.026."""
    comparison = compare(*columns(1, 7, 21))
    assert comparison.p_value == pytest.approx(0.0703, abs=5e-5)
    assert comparison.difference.value == pytest.approx(-0.286, abs=5e-4)
    assert comparison.difference.low == pytest.approx(-0.517, abs=5e-4)
    assert comparison.difference.high == pytest.approx(-0.026, abs=5e-4)
    assert (comparison.n, comparison.wins, comparison.losses) == (21, 1, 7)


def test_contact_lens_disinfection_as_published() -> None:
    """Tango 1998, section 5: 44 patients, 0 and 1 discordant, margin 0.1; Z = 1.709, one-sided p = 0.0437."""
    assert score(0, 1, 44, -0.1) == pytest.approx(1.709, abs=5e-4)
    result = noninferiority(*columns(0, 1, 44), margin=0.1, alpha=0.05)
    assert result.p_value == pytest.approx(0.0438, abs=1e-4)
    assert result.holds
    assert not noninferiority(*columns(0, 1, 44), margin=0.1, alpha=0.025).holds


@given(rows)
def test_p_value_is_statsmodels_exact_mcnemar(pairs: Rows) -> None:
    table = np.zeros((2, 2))
    for a, b in pairs:
        table[int(a), int(b)] += 1
    comparison = compare([a for a, _ in pairs], [b for _, b in pairs])
    assert comparison.p_value == pytest.approx(float(mcnemar(table, exact=True).pvalue))


@given(rows)
def test_turned_round_it_says_the_opposite(pairs: Rows) -> None:
    a, b = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = compare(a, b), compare(b, a)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.difference.low == pytest.approx(-back.difference.high, abs=1e-7)
    assert -1 <= there.difference.low <= there.difference.value <= there.difference.high <= 1


@given(st.integers(2, 400).flatmap(lambda n: st.tuples(st.integers(0, n // 2), st.integers(0, n // 2), st.just(n))))
def test_the_interval_ends_where_the_score_is_the_quantile(counts: tuple[int, int, int]) -> None:
    wins, losses, n = counts
    interval = score_interval(wins, losses, n)
    for end, z in ((interval.low, 1.959964), (interval.high, -1.959964)):
        if -1 < end < 1:
            assert score(wins, losses, n, end) == pytest.approx(z, abs=1e-4)


@given(rows, st.floats(0.01, 0.5), st.sampled_from([0.01, 0.025, 0.05]))
def test_noninferiority_interval_and_p_value_agree(pairs: Rows, margin: float, alpha: float) -> None:
    result = noninferiority([a for a, _ in pairs], [b for _, b in pairs], margin, alpha)
    assert result.holds == (result.p_value < alpha)
    if abs(result.p_value - alpha) > 1e-6:
        assert result.holds == (result.difference.low > -margin)


def test_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    draws = np.random.default_rng(5)
    covered = 0
    for _ in range(1000):
        wins, losses, _ = draws.multinomial(100, [0.25, 0.15, 0.6])
        interval = score_interval(int(wins), int(losses), 100)
        covered += interval.low <= 0.1 <= interval.high
    assert 0.93 <= covered / 1000 <= 0.97


def test_many_rows_with_a_real_difference_are_found_and_equal_ones_are_not() -> None:
    assert compare(*columns(120, 60, 1200)).p_value < 0.01
    same = compare([True, False], [True, False])
    assert (same.p_value, same.difference.value) == (1.0, 0.0)
    assert same.difference.low < 0 < same.difference.high


def test_holm_as_worked_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


def test_rows_that_are_not_paired_are_refused() -> None:
    with pytest.raises(ValueError, match="paired rows"):
        compare([True], [True, False])
    with pytest.raises(ValueError, match="paired rows"):
        compare([], [])
    with pytest.raises(ValueError, match="margin"):
        noninferiority([True], [True], 0.0, 0.05)
