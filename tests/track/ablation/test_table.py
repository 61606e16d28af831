"""Contributions: their size, their intervals, and how often they are claimed where there is nothing."""

import numpy as np
import pytest

from shipworthy.track.ablation.design import trainings
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.table import contributions, crossed

ROWS = 400


def scores_of(config, effects, *, seed=0, luck=0.02, base=0.5):
    """Rows answered by trainings whose changes shift the chance of a right answer by `effects`, and seeds by chance."""
    draws = np.random.default_rng(seed)
    difficulty = draws.normal(0, 0.2, ROWS)
    found = {}
    for one in trainings(config, seed=17):
        chance = base + sum(effects[name] for name in one.changed) + difficulty + draws.normal(0, luck)
        found[one] = (draws.random(ROWS) < chance).astype(float)
    return found


def table(config, effects, **settings):
    return contributions(config, trainings(config, seed=17), scores_of(config, effects, **settings), "accuracy")


CHANGES = {"a": ["x=1"], "b": ["x=2"], "c": ["x=3"]}


@pytest.mark.parametrize(("design", "sign"), [("drop_one", -1), ("factorial", -1), ("add_one", 1)])
def test_what_a_decision_contributes_has_its_sign_and_its_size(design, sign):
    config = Ablation(design=design, changes=CHANGES, seeds=4)
    a, b, c = table(config, {"a": -0.25, "b": 0.0, "c": 0.2}, luck=0.005)
    assert a.difference.value == pytest.approx(sign * -0.25, abs=0.07)
    assert c.difference.value == pytest.approx(sign * 0.2, abs=0.07)
    assert (a.words, b.words, c.words) == (
        ("harms", "no effect was shown", "helps") if sign == 1 else ("helps", "no effect was shown", "harms")
    )
    assert [one.seeds for one in (a, b, c)] == [4, 4, 4]


def test_intervals_cover_and_nothing_is_rarely_something():
    """300 ablations of three decisions that do nothing: an honest 5% level, in the family as well."""
    config = Ablation(changes=CHANGES, seeds=3)
    nothing = dict.fromkeys(CHANGES, 0.0)
    found = [table(config, nothing, seed=seed) for seed in range(300)]
    covered = [one.difference.low <= 0 <= one.difference.high for rows in found for one in rows]
    assert np.mean(covered) >= 0.94
    assert np.mean([any(one.words != "no effect was shown" for one in rows) for rows in found]) <= 0.06


def test_p_values_are_corrected_for_their_number():
    for one in table(Ablation(changes=CHANGES, seeds=3), {"a": -0.1, "b": 0.0, "c": 0.05}):
        assert one.p <= one.p_holm <= 1


def test_a_training_that_did_not_end_takes_its_pair_along():
    config = Ablation(changes={"a": ["x=1"]}, seeds=3)
    scores = scores_of(config, {"a": -0.2})
    scores.pop(next(one for one in scores if one.changed and one.seed == 18))
    (found,) = contributions(config, trainings(config, seed=17), scores, "accuracy")
    assert found.seeds == 2
    for one in list(scores):
        if one.changed:
            scores.pop(one)
    (found,) = contributions(config, trainings(config, seed=17), scores, "accuracy")
    assert (found.seeds, found.words) == (0, "too few trainings came to an end")


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


def test_where_less_is_better_what_lowers_the_metric_helps():
    config = Ablation(design="add_one", changes=CHANGES, seeds=4)
    made, scores = trainings(config, seed=17), scores_of(config, {"a": -0.25, "b": 0.0, "c": 0.2}, luck=0.005)
    found = contributions(config, made, scores, "brier")
    assert [one.words for one in found] == ["helps", "no effect was shown", "harms"]
    assert [one.difference for one in found] == [
        one.difference for one in contributions(config, made, scores, "accuracy")
    ]
