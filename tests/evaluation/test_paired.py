import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import permutation_test, ttest_rel
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests

from shipworthy.evaluation import resampling
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.paired import Pair, holm, pair
from shipworthy.evaluation.resampling import Resampling
from tests.evaluation.made import made

Rows = list[tuple[bool, bool]]
rows = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=200)
DRAWS = np.random.default_rng(8)


def right(candidate: list[bool], reference: list[bool]) -> Pair:
    return pair(made("right"), np.array(candidate), np.array(reference), Resampling(len(candidate)))


def columns(wins: int, losses: int, n: int) -> tuple[list[bool], list[bool]]:
    both = n - wins - losses
    return [True] * wins + [False] * losses + [True] * both, [False] * wins + [True] * losses + [True] * both


def test_airway_hyper_responsiveness_as_published() -> None:
    """Fagerland, Lydersen and Laake 2014: 21 children, 1 and 7 discordant; exact p 0.0703."""
    found = right(*columns(1, 7, 21))
    assert found.p_value == pytest.approx(0.0703, abs=5e-5)
    assert (found.n, found.wins, found.losses, found.test) == (21, 1, 7, "exact McNemar test")


def test_contact_lens_disinfection_as_published() -> None:
    """Tango 1998, section 5: 44 patients, 0 and 1 discordant, margin 0.1; one-sided p = 0.0437."""
    assert right(*columns(0, 1, 44)).p_at_most(-0.1) == pytest.approx(0.0438, abs=1e-4)


@given(rows)
def test_p_value_is_statsmodels_exact_mcnemar(pairs: Rows) -> None:
    table = np.zeros((2, 2))
    for a, b in pairs:
        table[int(a), int(b)] += 1
    found = right([a for a, _ in pairs], [b for _, b in pairs])
    assert found.p_value == pytest.approx(float(mcnemar(table, exact=True).pvalue))


@given(rows, st.floats(0.01, 0.5), st.sampled_from([0.01, 0.025, 0.05]))
def test_turned_round_it_says_the_opposite_and_interval_and_p_value_agree(
    pairs: Rows, margin: float, alpha: float
) -> None:
    a, b = [a for a, _ in pairs], [b for _, b in pairs]
    there, back = right(a, b), right(b, a)
    assert there.p_value == pytest.approx(back.p_value)
    assert there.interval(0.95).low == pytest.approx(-back.interval(0.95).high, abs=1e-7)
    assert there.p_at_most(-margin) == pytest.approx(back.p_at_least(margin))
    p = there.p_at_most(-margin)
    if abs(p - alpha) > 1e-6:
        assert (p < alpha) == (there.interval(1 - 2 * alpha).low > -margin)


def test_numbers_by_row_are_tested_by_exchange() -> None:
    reference = DRAWS.gamma(2, size=60)
    candidate = reference + DRAWS.normal(-0.2, 0.5, 60)
    found = pair(made("mean", up=False), candidate, reference, Resampling(60, seed=1))
    expected = permutation_test(
        (candidate, reference),
        lambda a, b, axis: (a - b).mean(axis=axis),
        vectorized=True,
        permutation_type="samples",
        n_resamples=20_000,
        rng=2,
    )
    assert found.p_value == pytest.approx(expected.pvalue, abs=0.006)
    assert found.value == pytest.approx((candidate - reference).mean())
    assert found.test == "permutation test of rows"
    assert (found.wins, found.losses) == (int((candidate < reference).sum()), int((candidate > reference).sum()))


def test_of_many_rows_it_is_what_the_permutations_tend_to(monkeypatch: pytest.MonkeyPatch) -> None:
    differences = DRAWS.normal(0.1, 1, 400)
    exact = pair(made("mean"), differences, np.zeros(400), Resampling(400))
    monkeypatch.setattr(resampling, "MANY", 300)
    many = pair(made("mean"), differences, np.zeros(400), Resampling(400))
    assert many.p_value == pytest.approx(exact.p_value, abs=0.01)
    assert many.p_value == pytest.approx(ttest_rel(differences, np.zeros(400)).pvalue, abs=0.01)


def test_a_number_of_all_rows_is_tested_by_the_bootstrap() -> None:
    reference = DRAWS.normal(0, 1, 200)
    candidate = 0.8 * reference
    found = pair(made("whole", up=False), candidate, reference, Resampling(200))
    assert found.value == pytest.approx(-0.2 * np.sqrt((reference**2).mean()))
    assert found.interval(0.95).high < 0 and found.p_value < 0.01
    assert (found.wins, found.losses, found.test) == (None, None, "paired bootstrap")
    same = pair(made("whole"), reference, reference, Resampling(200))
    assert (same.p_value, same.interval(0.95).low, same.interval(0.95).high) == (1.0, 0.0, 0.0)


@pytest.mark.parametrize("n", [1, 2, 4])
def test_very_few_rows_prove_nothing(n: int) -> None:
    for kind in ("mean", "whole"):
        found = pair(made(kind), np.full(n, 2.0), np.full(n, 1.0), Resampling(n))
        assert found.p_value >= 2.0 ** (1 - n) and found.p_at_most(0.5) >= 2.0**-n


def test_rows_of_several_numbers_are_taken_apart_again() -> None:
    metric = made("whole")
    metric.statistic = lambda rows, counts: counts @ (rows[:, 0] * rows[:, 1]) / counts.sum(axis=1)  # type: ignore[method-assign]
    candidate, reference = DRAWS.random((50, 2)), DRAWS.random((50, 2))
    found = pair(metric, candidate, reference, Resampling(50))
    assert found.value == pytest.approx(candidate.prod(axis=1).mean() - reference.prod(axis=1).mean())


@pytest.mark.parametrize("kind", ["right", "mean", "whole"])
def test_repeated_rows_of_a_cluster_prove_nothing_more(kind: str) -> None:
    candidate, reference = DRAWS.random(30) < 0.7, DRAWS.random(30) < 0.4
    if kind != "right":
        candidate, reference = candidate + 0.1, reference + 0.1
    once = pair(made("mean" if kind == "right" else kind), candidate, reference, Resampling(30, seed=3))
    clusters = np.repeat(np.arange(30), 8)
    many = pair(made(kind), np.repeat(candidate, 8), np.repeat(reference, 8), Resampling(240, clusters, seed=3))
    assert many.p_value == pytest.approx(once.p_value, abs=0.01)
    assert many.interval(0.95).low == pytest.approx(once.interval(0.95).low, abs=0.03)  # equal rows are drawn as one
    assert "30 clusters of rows" in many.test and many.n == 240


def test_without_a_differing_row_ten_clusters_show_little() -> None:
    right = np.ones(300, dtype=bool)
    found = pair(made("right"), right, right, Resampling(300, np.repeat(np.arange(10), 30)))
    alone = pair(made("right"), right[:10], right[:10], Resampling(10))
    assert found.interval(0.95) == alone.interval(0.95) and found.interval(0.95).low < -0.2
    assert found.p_at_most(-0.03) == alone.p_at_most(-0.03) > 0.05


def test_recall_is_tested_on_the_rows_of_its_class_alone() -> None:
    draws = np.random.default_rng(3)
    positive = draws.random(500) < 0.1
    mine, theirs = (draws.random(500) < share for share in (0.9, 0.4))
    rows = [np.column_stack([positive, one]).astype(float)[:, None] for one in (mine, theirs)]
    found = pair(metric("recall"), rows[0], rows[1], Resampling(500))
    of_class = pair(metric("accuracy"), mine[positive], theirs[positive], Resampling(int(positive.sum())))
    assert found == of_class and found.test == "exact McNemar test" and found.n == positive.sum()
    assert pair(metric("precision"), rows[0], rows[1], Resampling(500)).test == "paired bootstrap"


def test_many_rows_with_a_real_difference_are_found_and_equal_ones_are_not() -> None:
    assert right(*columns(120, 60, 1200)).p_value < 0.01
    same = right([True, False], [True, False])
    assert (same.p_value, same.value) == (1.0, 0.0)
    assert same.interval(0.95).low < 0 < same.interval(0.95).high
    numbers = pair(made("mean"), np.ones(5), np.ones(5), Resampling(5))
    assert (numbers.p_value, numbers.value, numbers.wins, numbers.losses) == (1.0, 0.0, 0, 0)


def test_holm_as_worked_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([]) == []


@settings(max_examples=15, deadline=None)  # statsmodels collects garbage at each call
@given(st.lists(st.floats(0, 1), min_size=1, max_size=12))
def test_holm_is_statsmodels(p_values: list[float]) -> None:
    assert holm(p_values) == pytest.approx(list(multipletests(p_values, method="holm")[1]))


def test_rows_that_are_not_paired_are_refused() -> None:
    for candidate, reference in ([True], [True, False]), ([], []):
        with pytest.raises(ValueError, match="paired rows"):
            right(candidate, reference)
