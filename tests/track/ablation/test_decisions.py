"""Decisions: the size and sign of effects, how often something is claimed of nothing, and what is advised."""

from collections.abc import Sequence

import numpy as np
import pytest

from shipworthy.track.ablation.decisions import (
    ADOPT,
    DROP,
    KEEP,
    LEAVE,
    MEASURE,
    NOTHING,
    SIMPLER,
    Decision,
    decisions,
)  # fmt: skip
from shipworthy.track.ablation.interactions import interactions
from shipworthy.track.ablation.schema import Ablation
from tests.track.ablation.made import CHANGES, by_seed, scores_of

MARGIN = 0.01


def table(config: Ablation, effects, *, margin=MARGIN, metric="accuracy", **settings) -> list[Decision]:
    return decisions(config, scores_of(config, effects, **settings), metric, margin)


def advice(found: Sequence[Decision]) -> list[str]:
    return [one.advice for one in found]


@pytest.mark.parametrize(
    ("design", "advised"),
    [
        ("drop_one", [KEEP, MEASURE, DROP]),
        ("factorial", [KEEP, MEASURE, DROP]),
        ("add_one", [LEAVE, MEASURE, ADOPT]),
    ],
)
def test_an_effect_has_its_sign_and_its_size_and_what_follows(design, advised):
    config = Ablation(design=design, changes=CHANGES, seeds=4)
    a, b, c = table(config, {"a": -0.25, "b": 0.0, "c": 0.2}, luck=0.005)
    assert a.difference.value == pytest.approx(-0.25, abs=0.07)
    assert c.difference.value == pytest.approx(0.2, abs=0.07)
    assert advice([a, b, c]) == advised
    assert [one.seeds for one in (a, b, c)] == [4, 4, 4]


@pytest.mark.parametrize(("design", "advised"), [("drop_one", SIMPLER), ("add_one", LEAVE)])
def test_what_changes_less_than_the_margin_is_the_simpler_ones(design, advised):
    config = Ablation(design=design, changes={"a": ["x=1"]}, seeds=6)
    (found,) = table(config, {"a": 0.0}, luck=0.001, margin=0.2)
    assert (found.claim.words, found.advice) == ("equal", advised)


def test_intervals_cover_and_nothing_is_rarely_something():
    """300 ablations of three decisions that do nothing: an honest 5% level, in the family as well."""
    config = Ablation(changes=CHANGES, seeds=3)
    nothing = dict.fromkeys(CHANGES, 0.0)
    found = [table(config, nothing, seed=seed) for seed in range(300)]
    covered = [one.difference.low <= 0 <= one.difference.high for rows in found for one in rows]
    assert np.mean(covered) >= 0.94
    assert np.mean([any(one.advice in (KEEP, DROP) for one in rows) for rows in found]) <= 0.06


def test_p_values_are_corrected_for_their_number():
    for one in table(Ablation(changes=CHANGES, seeds=3), {"a": -0.1, "b": 0.0, "c": 0.05}):
        assert one.p <= one.claim.p_value <= 1


def test_a_training_that_did_not_end_takes_its_pair_along():
    config = Ablation(changes={"a": ["x=1"]}, seeds=3)
    scores = scores_of(config, {"a": -0.2})
    scores.pop(next(one for one in scores if one.changed and one.seed == 18))
    (found,) = decisions(config, scores, "accuracy", MARGIN)
    assert found.seeds == 2
    for one in list(scores):
        if one.changed:
            scores.pop(one)
    (found,) = decisions(config, scores, "accuracy", MARGIN)
    assert (found.seeds, found.advice, found.more) == (0, MEASURE, None)
    assert (found.to_json()["difference"], found.to_json()["low"]) == (None, None)


def test_where_less_is_better_what_lowers_the_metric_is_adopted():
    config = Ablation(design="add_one", changes=CHANGES, seeds=4)
    effects = {"a": -0.25, "b": 0.0, "c": 0.2}
    found = table(config, effects, metric="brier", luck=0.005)
    assert advice(found) == [ADOPT, MEASURE, LEAVE]
    assert [one.difference for one in found] == [one.difference for one in table(config, effects, luck=0.005)]


def test_the_same_model_has_no_effect_at_all_whatever_the_figures():
    config = Ablation(changes=CHANGES, seeds=3)
    scores = scores_of(config, {"a": 0.0, "b": 0.0, "c": -0.2})
    found = decisions(config, scores, "accuracy", MARGIN, alike={"a": True, "b": False, "c": False})
    assert advice(found)[0] == NOTHING and advice(found)[2] == KEEP


def test_beside_an_interaction_it_is_the_effect_in_the_recipe_that_counts():
    """b does nothing to the recipe, and much where a is changed: on average it would seem to do a bit."""
    config = Ablation(design="factorial", changes={"a": ["x=1"], "b": ["x=2"]}, seeds=4)
    scores = scores_of(config, {"a": 0.0, "b": 0.0}, together=-0.3, luck=0.002, rows=2000)
    found = interactions(config, scores, "accuracy")
    assert found[0].shown
    _, b = decisions(config, scores, "accuracy", 0.05, interactions=found)
    assert b.beside == ("a",) and b.difference.value == pytest.approx(0.0, abs=0.03) and b.advice == SIMPLER
    _, averaged = decisions(config, scores, "accuracy", 0.05)
    assert averaged.beside == () and averaged.difference.value == pytest.approx(-0.15, abs=0.03)


def test_what_is_open_is_told_what_would_decide_it():
    config = Ablation(changes={"a": ["x=1"]}, seeds=3)
    (by_chance,) = decisions(config, by_seed(config, {17: 0.03, 18: -0.03, 19: 0.01}), "accuracy", 0.03)
    assert by_chance.advice == MEASURE and by_chance.more is not None
    # 0.0306 is the standard deviation over seeds: Student's quantile times it / sqrt(7) is 0.028, / sqrt(6) 0.032
    assert (by_chance.more.seeds, by_chance.more.times) == (7, 1.0)
    (by_rows,) = decisions(config, by_seed(config, dict.fromkeys((17, 18, 19), 0.001), rows=300), "accuracy", 0.01)
    assert by_rows.advice == MEASURE and by_rows.more is not None and by_rows.more.times > 1.0
