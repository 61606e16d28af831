import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import bootstrap, norm

from shipworthy.evaluation import resampling
from shipworthy.evaluation.metrics.auc import statistic as area
from shipworthy.evaluation.resampling import Normal, Resampled, Resampling, effective, of_means, of_statistic

DRAWS = np.random.default_rng(3)
SKEWED = DRAWS.lognormal(0, 1, 120)


def auc(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Of one class: rows of (score, whether it is of the class)."""
    return area(rows[:, None, :], counts)


def mean(rows: np.ndarray, counts: np.ndarray) -> np.ndarray:
    return counts @ rows / counts.sum(axis=1)


def test_bca_of_a_mean_is_scipys() -> None:
    (found,) = of_means(SKEWED[:, None], Resampling(120, seed=1, alpha=0.002), tail=True)
    expected = bootstrap((SKEWED,), np.mean, method="BCa", rng=1, n_resamples=30_000).confidence_interval
    assert found.value == pytest.approx(SKEWED.mean())
    assert found.interval(0.95) == (pytest.approx(expected.low, abs=0.03), pytest.approx(expected.high, abs=0.03))
    skewness = ((SKEWED - SKEWED.mean()) ** 3).mean() / SKEWED.std() ** 3
    assert isinstance(found, Resampled) and found.acceleration == pytest.approx(skewness / (6 * np.sqrt(120)), rel=0.05)


def test_bca_of_any_statistic_is_scipys() -> None:
    rows = np.column_stack([DRAWS.normal(size=150), DRAWS.random(150) < 0.3]).astype(float)
    rows[:, 0] += 1.5 * rows[:, 1]

    def one(scores: np.ndarray, positive: np.ndarray) -> float:
        return float(auc(np.column_stack([scores, positive]), np.ones((1, len(scores))))[0])

    found = of_statistic(rows, auc, Resampling(150, seed=1), tail=True)
    expected = bootstrap(
        (rows[:, 0], rows[:, 1]), one, method="BCa", paired=True, vectorized=False, rng=2, n_resamples=3000
    ).confidence_interval
    assert found.interval(0.95) == (pytest.approx(expected.low, abs=0.02), pytest.approx(expected.high, abs=0.02))


def test_a_mean_as_any_statistic_is_the_same() -> None:
    (means,) = of_means(SKEWED[:, None], Resampling(120, seed=4))
    other = of_statistic(SKEWED, mean, Resampling(120, seed=4))
    assert other.resampled == pytest.approx(means.resampled)
    assert other.acceleration == pytest.approx(means.acceleration)


def test_equal_rows_are_drawn_as_one_from_the_same_distribution() -> None:
    few = DRAWS.integers(0, 3, 400).astype(float)
    apart = of_statistic(few + np.linspace(0, 1e-12, 400), mean, Resampling(400, seed=1))
    as_one = of_statistic(few, mean, Resampling(400, seed=1))
    assert as_one.resampled.mean() == pytest.approx(apart.resampled.mean(), abs=0.005)
    assert as_one.resampled.std() == pytest.approx(apart.resampled.std(), rel=0.1)


def test_rows_of_a_cluster_are_drawn_together() -> None:
    """Each of 40 values ten times: as much is known as from 40 rows, not 400."""
    own = DRAWS.normal(size=40)
    clusters = np.repeat([f"user {i:02}" for i in range(40)], 10)
    (alone,) = of_means(own[:, None], Resampling(40, seed=2))
    (together,) = of_means(np.repeat(own, 10)[:, None], Resampling(400, clusters, seed=2))
    (apart,) = of_means(np.repeat(own, 10)[:, None], Resampling(400, seed=2))
    assert together.interval(0.95) == pytest.approx(alone.interval(0.95))
    assert together.acceleration == pytest.approx(alone.acceleration)
    assert np.ptp(apart.interval(0.95)) < 0.5 * np.ptp(together.interval(0.95))
    statistic = of_statistic(np.repeat(own, 10), mean, Resampling(400, clusters, seed=2))
    assert statistic.interval(0.95) == pytest.approx(together.interval(0.95))
    assert Resampling(400, clusters).units == 40


def test_clusters_of_several_sizes_keep_their_rows() -> None:
    clusters = np.array([5, 5, 5, 1, 1, 9])
    for counts in Resampling(6, clusters, seed=0).counts(500):
        assert (counts[:, 0] == counts[:, 1]).all() and (counts[:, 3] == counts[:, 4]).all()
        assert (counts[:, 0] + counts[:, 3] + counts[:, 5] == 3).all()
    left = np.concatenate(list(Resampling(6, clusters).left_out()))
    assert left.tolist() == [[1, 1, 1, 0, 0, 1], [0, 0, 0, 1, 1, 1], [1, 1, 1, 1, 1, 0]]


@given(st.floats(-0.25, 0.25), st.floats(-0.05, 0.05), st.sampled_from([0.8, 0.9, 0.98]))
def test_the_p_value_is_the_level_at_which_the_interval_ends(shift: float, acceleration: float, level: float) -> None:
    resampled = norm.ppf((np.arange(4001) + 0.5) / 4001)
    found = Resampled(shift, resampled, acceleration)
    low, high = found.interval(level)
    assert found.p_at_most(low) == pytest.approx((1 - level) / 2, abs=0.004)
    assert found.p_at_most(high) == pytest.approx((1 + level) / 2, abs=0.004)


def test_what_never_varies_is_its_own_interval() -> None:
    (found,) = of_means(np.ones((30, 1)), Resampling(30))
    assert found.interval(0.95) == (1, 1)
    assert (found.p_at_most(0.5), found.p_at_most(1.0), found.p_at_most(2.0)) == (0, 1, 1)
    (one,) = of_means(np.array([[3.0]]), Resampling(1))
    assert one.interval(0.95) == (3, 3)


def test_resamples_without_a_value_are_left_out_and_rows_without_one_are_refused() -> None:
    rows = np.array([[0.1, 0], [0.4, 1], [0.3, 0], [0.2, 0]])
    found = of_statistic(rows, auc, Resampling(4, seed=0))
    assert (
        isinstance(found, Resampled)
        and 0 < len(found.resampled) < resampling.RESAMPLES
        and not np.isnan(found.resampled).any()
    )
    with pytest.raises(ValueError, match="does not exist"):
        of_statistic(rows[[0, 2]], auc, Resampling(2))


def test_a_small_alpha_asks_for_more_resamples_and_the_seed_decides() -> None:
    assert Resampling(100, alpha=0.001).resamples(tail=True) == 19_999
    assert Resampling(100, alpha=0.001).resamples(tail=False) == resampling.RESAMPLES
    first, again, other = (of_means(SKEWED[:, None], Resampling(120, seed=s))[0].interval(0.9) for s in (1, 1, 2))
    assert first == again != other


@pytest.mark.parametrize("size", [1, 5])
def test_of_many_units_the_normal_distribution_says_the_same(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of means by their standard error, of other statistics by that of fewer resamples."""
    values = np.repeat(DRAWS.gamma(2, size=600), size) + DRAWS.normal(0, 0.1, 600 * size)
    clusters = None if size == 1 else np.repeat(np.arange(600), size)
    how = Resampling(600 * size, clusters, seed=1)
    (exact,), other = of_means(values[:, None], how), of_statistic(values, mean, how)
    monkeypatch.setattr(resampling, "MANY", 500)
    (by_error,), by_few = of_means(values[:, None], how), of_statistic(values, mean, how)
    assert isinstance(by_error, Normal) and isinstance(by_few, Normal)
    for found, wanted in ((by_error, exact), (by_few, other)):
        low, high = wanted.interval(0.95)
        assert found.interval(0.95) == (
            pytest.approx(low, abs=0.12 * (high - low)),
            pytest.approx(high, abs=0.12 * (high - low)),
        )
        assert found.p_at_most(low) == pytest.approx(0.025, abs=0.02)


def test_repeated_rows_tell_as_much_as_one_and_scattered_ones_as_each() -> None:
    draws = np.random.default_rng(5)
    own = (draws.random(200) < 0.4).astype(float)
    clusters = np.repeat(np.arange(200), 4)
    assert effective(np.repeat(own, 4), Resampling(800, clusters)) == pytest.approx(200, rel=0.01)
    scattered = (draws.random(800) < 0.4).astype(float)
    assert effective(scattered, Resampling(800, clusters)) > 600
    assert effective(scattered, Resampling(800)) == 800
    assert effective(np.ones(800), Resampling(800, clusters)) == 200
    assert effective(scattered[:4], Resampling(4, np.zeros(4))) == 1
