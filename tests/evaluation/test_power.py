import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import claims, paired, scores
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.power import rows_for, rows_needed, simulate, smallest_effect
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Criteria, Task
from shipworthy.models.protocol import Prediction


def test_the_exact_test_finds_that_effect_about_as_often_as_promised() -> None:
    n, discordance, alpha = 1200, 0.3, 0.01
    effect = smallest_effect(n, discordance, alpha, power=0.8)
    # Exactly, over every number of discordant rows and of wins among them.
    power = 0.0
    for discordant in np.nonzero(binom.pmf(np.arange(n + 1), n, discordance) > 1e-6)[0]:
        wins = np.arange(discordant + 1)
        significant = 2 * binom.sf(wins - 1, discordant, 0.5) < alpha
        found = binom.pmf(wins, discordant, (discordance + effect) / 2 / discordance)[significant].sum()
        power += binom.pmf(discordant, n, discordance) * found
    assert power == pytest.approx(0.8, abs=0.03)


@given(st.integers(30, 20_000), st.floats(0.05, 0.9), st.sampled_from([0.01, 0.05]))
def test_it_inverts_the_number_of_rows_and_falls_with_it(n: int, discordance: float, alpha: float) -> None:
    effect = smallest_effect(n, discordance, alpha)
    assert 0 < effect < 1
    assert rows_needed(effect, max(discordance, effect), alpha) == pytest.approx(n, rel=1e-4)
    assert smallest_effect(2 * n, discordance, alpha) < effect


def test_too_few_rows_get_a_sentence() -> None:
    with pytest.raises(ShipworthyError, match=r"5 rows cannot show any difference at alpha=0.01: give it 7 rows"):
        smallest_effect(5, 0.3, 0.01)


DRAWS = np.random.default_rng(6)
CLASSES = [str(one) for one in DRAWS.choice(["a", "b", "c"], 900, p=[0.6, 0.3, 0.1])]
NUMBERS = [str(one) for one in DRAWS.normal(100, 20, 900)]


def _said(task: Task, answers: list[str]) -> list[Prediction]:
    """A reference that is right on about two of three classes, or 10 off."""
    if task.numeric:
        return [
            Prediction("", number=float(one) + error)
            for one, error in zip(answers, DRAWS.normal(0, 10, 900), strict=True)
        ]
    wrong = DRAWS.random(900) < 0.35
    return [Prediction(str(DRAWS.choice(["a", "b", "c"])) if w else one) for one, w in zip(answers, wrong, strict=True)]


def _task(name: str) -> tuple[Task, list[str]]:
    criteria = Criteria(alpha=0.05)
    if name in ("mae", "rmse"):
        return Regression(name="t", description="d", metric=name, baselines=["median"], criteria=criteria), NUMBERS
    return Classification(name="t", description="d", metric=name, baselines=["majority"], criteria=criteria), CLASSES


@pytest.mark.parametrize("name", ["accuracy", "macro_f1", "mae"])
def test_a_gain_of_the_smallest_size_is_shown_about_as_often_as_promised(name: str) -> None:
    """Candidates that set as many answers right as make that gain, each tested as `evaluate` tests."""
    task, answers = _task(name)
    reference = _said(task, answers)
    rows = 400
    found = simulate(task, reference, answers, rows, 0.1, seed=1)
    assert found.smallest is not None and found.smallest > 0
    sign = 1 if metric(name).GREATER_IS_BETTER else -1
    shown, gains = 0, []
    for seed in range(40):
        some = DRAWS.choice(900, rows, replace=False)
        share = _share(task, reference, answers, sign * found.smallest)
        given = [
            Prediction(answers[i], number=float(answers[i]) if task.numeric else None)
            if DRAWS.random() < share
            else reference[i]
            for i in some
        ]
        own = [answers[i] for i in some]
        mine, theirs = (scores.decided(task, one, own) for one in (given, [reference[i] for i in some]))
        pair = paired.pair(metric(name), mine, theirs, Resampling(rows, None, seed))
        gains.append(sign * pair.value)
        shown += claims.decide(name, [pair], 0.05)[0].words == claims.BETTER
    assert np.mean(gains) == pytest.approx(found.smallest, rel=0.3)
    assert shown >= 22  # 80% are 32 of 40; candidates that only set right vary less than those that also spoil


def _share(task: Task, reference: list[Prediction], answers: list[str], gain: float) -> float:
    """The share of rows to set right for a gain: of each row's loss that share goes."""
    whole = scores.value(task.metric, scores.decided(task, reference, answers))
    best = 0.0 if task.numeric else 1.0
    return gain / (best - whole)


def test_more_rows_show_less_and_the_margin_asks_for_rows() -> None:
    task, answers = _task("macro_f1")
    reference = _said(task, answers)
    few, many = (simulate(task, reference, answers, rows, 0.05, seed=1) for rows in (200, 5000))
    assert few.smallest is not None and many.smallest is not None and many.smallest < few.smallest / 2
    assert few.rows_for_margin == many.rows_for_margin
    assert few.rows_for_margin is not None
    near = simulate(task, reference, answers, few.rows_for_margin, 0.05, seed=1)
    assert near.smallest == pytest.approx(0.05, rel=0.35)


def test_what_cannot_be_shown_is_said_to_be_so() -> None:
    task, answers = _task("macro_f1")
    right = [Prediction(one) for one in answers]
    found = simulate(task, right, answers, 100, 0.05, seed=1)
    assert (found.smallest, found.rows_for_margin) == (None, None)


def test_rows_for_a_gain_as_a_pair_varies_are_those_of_the_formula() -> None:
    """Of shares the formula of Connor is near; of another metric the spread of its rows says it."""
    found = rows_for(paired.Shares(500, 60, 35), 0.05, alpha=0.05)
    assert found == pytest.approx(rows_needed(0.05, 95 / 500, 0.05), rel=0.05)
    draws = np.random.default_rng(4)
    errors = draws.normal(0.1, 1.0, size=800)
    pair = paired.pair(metric("mae"), errors, np.zeros(800), Resampling(800))
    assert rows_for(pair, 0.1, alpha=0.05) == pytest.approx((2.802 * errors.std() / 0.1) ** 2, rel=0.1)


def test_a_pair_that_never_differs_or_gains_nothing_asks_for_no_number() -> None:
    pair = paired.pair(metric("mae"), np.ones(80), np.ones(80), Resampling(80))
    assert rows_for(pair, 0.1, alpha=0.05) is None and rows_for(paired.Shares(80, 5, 5), 0.0, alpha=0.05) is None
