"""What may be said of a trained model's general benchmarks, by what was answered to the same documents."""

import numpy as np
import pytest
from scipy.stats import binomtest
from statsmodels.stats.multitest import multipletests

from shipworthy.evaluation import claims
from shipworthy.evaluation.claims import BETTER, EQUAL, NOT_WORSE, OPEN, WORSE
from shipworthy.evaluation.general.comparison import Score, compare

RNG = np.random.default_rng(0)


def score(base: np.ndarray, tuned: np.ndarray, task: str = "t", **more: object) -> Score:
    values = {"value_of_base": float(base.mean()), "value_of_tuned": float(tuned.mean()), **more}
    return Score(task, "acc", "none", base.astype(float), tuned.astype(float), **values)  # type: ignore[arg-type]


def flipped(base: np.ndarray, lost: int, won: int = 0) -> np.ndarray:
    """A model that is right where the base is, but for so many documents."""
    tuned = base.copy()
    tuned[np.flatnonzero(base == 1)[:lost]] = 0
    tuned[np.flatnonzero(base == 0)[:won]] = 1
    return tuned


BASE = (RNG.random(1000) < 0.6).astype(float)


def test_the_words_follow_the_paired_test_and_the_margin() -> None:
    cases = [score(BASE, flipped(BASE, lost, won)) for lost, won in ((80, 5), (5, 80), (2, 2), (0, 0), (150, 150))]
    tested, untested = compare(cases, 0.01, 0.03, 0)
    assert [one.claim.words for one in tested] == [WORSE, BETTER, EQUAL, EQUAL, OPEN] and not untested
    (tested,) = compare([score(BASE, flipped(BASE, 25, 30))], 0.01, 0.03, 0)[0]
    assert tested.claim.words in (NOT_WORSE, EQUAL)
    assert tested.claim.metric == "document score" and tested.claim.gain == pytest.approx(0.005)


def test_a_p_value_is_mcnemars_adjusted_for_all_scores() -> None:
    flips = ((30, 10), (12, 9), (40, 8))
    tested, _ = compare([score(BASE, flipped(BASE, *one)) for one in flips], 0.01, 0.02, 0)
    alone = [binomtest(won, lost + won).pvalue for lost, won in flips]
    assert [one.claim.p_value for one in tested] == pytest.approx(multipletests(alone, method="holm")[1])
    assert all(one.claim.test == "exact McNemar test" and one.claim.tests == 3 for one in tested)
    assert tested[0].base.value == pytest.approx(BASE.mean()) and tested[0].base.low < BASE.mean() < tested[0].base.high


def test_pairs_show_what_two_samples_could_not() -> None:
    """The same accuracies on other documents: a tenth of the answers lost against a half of them otherwise."""
    close, apart = flipped(BASE, 25), RNG.permutation(flipped(BASE, 25))
    near, far = (compare([score(BASE, one)], 0.01, 0.02, 0)[0][0].claim for one in (close, apart))
    assert near.difference.value == far.difference.value == pytest.approx(-0.025)
    assert near.words == WORSE and far.words == OPEN


def test_graded_documents_are_compared_by_permutation() -> None:
    base = RNG.random(200)
    (worse,), _ = compare([score(base, np.clip(base - 0.1 * RNG.random(200), 0, 1))], 0.01, 0.02, 0)
    assert worse.claim.words == WORSE and worse.claim.test == "permutation test of rows"
    assert worse.base.low < base.mean() < worse.base.high


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            score(np.array([0.0, np.nan]), np.array([0.0, np.nan]), value_of_base=9.1, value_of_tuned=9.5),
            "all documents together",
        ),
        (score(BASE, BASE, value_of_base=1.7, value_of_tuned=1.7), "not the mean"),
        (score(BASE * 40, BASE * 41), "no shares"),
        (score(BASE, BASE, greater_is_better=False), "no shares"),
    ],
)
def test_what_has_no_score_by_document_is_reported_without_a_test(changed: Score, why: str) -> None:
    tested, untested = compare([changed, score(BASE, BASE)], 0.01, 0.02, 0)
    assert [one.claim.tests for one in tested] == [1]
    said = untested[0].to_json()
    assert why in said["why"] and said["base"] == changed.value_of_base


def test_nothing_at_all_is_nothing_shown() -> None:
    assert compare([], 0.01, 0.02, 0) == ([], [])


def test_a_name_that_is_no_metric_here_is_a_share_of_which_more_is_better() -> None:
    assert claims.best("document score", {"a": 0.1, "b": 0.2}) == "b"
    assert claims.best("mae", {"a": 0.1, "b": 0.2}) == "a"
