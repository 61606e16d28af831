"""Sentences whose sign can't be misread, and what they ask for."""

import numpy as np
import pytest

from shipworthy.track.ablation import words
from shipworthy.track.ablation.cautions import cautions
from shipworthy.track.ablation.decisions import Decision, decisions
from shipworthy.track.ablation.design import Training, trainings
from shipworthy.track.ablation.interactions import interactions
from shipworthy.track.ablation.schema import Ablation
from shipworthy.track.ablation.settings import Setting
from tests.track.ablation.made import CHANGES, by_seed, scores_of

DEPTH = [Setting("model.max_depth", "6", "2")]
N = 4000


def one(change: float, *, design="drop_one", metric="accuracy", margin=0.01, seeds=3, jitter=0.001, **settings):
    """The decision of an ablation whose change moves all rows by so much, and each a bit by chance."""
    config = Ablation(design=design, changes={"depth": ["model.max_depth=2"]}, seeds=seeds)
    draws = np.random.default_rng(3)
    scores = {
        training: np.full(N, 0.8) + change * bool(training.changed) + draws.normal(0, jitter, N)
        for training in trainings(config, 17)
    }
    (found,) = decisions(config, scores, metric, margin, **settings)
    return words.decision(found, metric, design, DEPTH, N)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"change": -0.012}, "without it (model.max_depth 6 → 2) accuracy falls by 1.2 points: keep it"),
        ({"change": 0.012}, "without it (model.max_depth 6 → 2) accuracy rises by 1.2 points: drop it"),
        ({"change": 0.012, "design": "add_one"},
         "with it (model.max_depth 6 → 2) accuracy rises by 1.2 points: adopt it"),
        ({"change": -0.012, "design": "add_one"},
         "with it (model.max_depth 6 → 2) accuracy falls by 1.2 points: leave it out"),
        ({"change": 0.02, "metric": "brier"},
         "without it (model.max_depth 6 → 2) Brier score rises by 0.020 (worse): keep it"),
        ({"change": -0.02, "metric": "brier"},
         "without it (model.max_depth 6 → 2) Brier score falls by 0.020 (better): drop it"),
    ],
)  # fmt: skip
def test_the_sign_is_said_in_words(settings, said):
    assert one(**settings) == said


def test_what_loses_less_than_the_margin_is_said_so():
    assert one(-0.002).endswith("accuracy falls by 0.2 points: keep it (it is less than the 1 point that may be lost)")
    assert one(0.0, jitter=0.1).endswith(
        "accuracy changes by less than 1 point either way: it may be dropped, the recipe is simpler so"
    )
    assert one(0.0, jitter=0.1, design="add_one").endswith("either way: leave it out, the recipe is simpler so")


def test_the_same_model_is_no_small_effect():
    said = one(0.0, alike={"depth": True})
    assert "the model is the same, byte for byte: the change had no effect at all" in said
    assert said.endswith("check its name and where it is read, or drop it")


def test_what_is_open_says_what_would_decide_it():
    assert "measure again on about" in one(0.0, jitter=0.5, margin=0.001)
    config = Ablation(changes={"a": ["x=1"]}, seeds=3)
    (found,) = decisions(config, by_seed(config, {17: 0.03, 18: -0.03, 19: 0.01}), "accuracy", 0.03)
    assert words.decision(found, "accuracy", "drop_one", [], 20_000) == (
        "without it no change of accuracy was shown, nor that it is below 3 points: measure again with 7 seeds (now 3)"
    )


def test_interactions_say_both_effects_and_whether_they_differ():
    config = Ablation(design="factorial", changes={"depth": ["x=1"], "draws": ["y=0.5"]}, seeds=4)
    draws = np.random.default_rng(5)
    brings = {(): 0.0, ("depth",): 0.0, ("draws",): -0.0018, ("depth", "draws"): -0.0052}
    scores = {
        training: np.full(N, 0.8) + brings[training.changed] + draws.normal(0, 0.002, N)
        for training in trainings(config, 17)
    }
    sets = {"depth": DEPTH, "draws": [Setting("model.subsample", "1.0", "0.5")]}
    (found,) = interactions(config, scores, "accuracy")
    said = words.interaction(found, "accuracy", sets)
    assert said.startswith(
        "draws raises accuracy by 0.2 points at model.max_depth 6, and by 0.5 points at model.max_depth 2; "
    )
    assert "They depend on one another: the two effects differ by" in said
    told = cautions(trainings(config, 17), scores, [], [], {}, [], [found], "accuracy")
    assert any("depth and draws depend on one another" in caution for caution in told)


def few(config: Ablation, found: list[Decision], ended, same=(), model=None, equal=()) -> str:
    return " ".join(cautions(trainings(config, 17), ended, same, equal, model or {}, found, [], "accuracy"))


def test_a_reader_is_warned():
    config = Ablation(changes={"a": ["x=1"], "b": ["x=2"]}, seeds=2)
    scores = scores_of(config, {"a": 0.0, "b": 0.0})
    found = decisions(config, scores, "accuracy", 0.01)
    wide = few(config, found, scores)
    assert "a, b: the interval reaches up to" in wide and "where 1 point may be lost; it is for too few" in wide
    same = few(config, found, scores, [(), ("a",), ("b",)], {"subsample": 1.0, "colsample": 1.0})
    assert "Seeds change nothing: the models are the same byte for byte" in same
    assert "(with model.subsample=1 and model.colsample=1)" in same and "one seed says as much as many" in same
    some = few(config, found, scores, [()], {"subsample": 0.5})
    assert "the models of the recipe are the same" in some and "model.subsample" not in some
    assert "the models of b differ, and score alike" in few(config, found, scores, equal=[("b",)])
    lost = {training: one for training, one in scores.items() if training != Training(("a",), 18, ("x=1", "seed=18"))}
    missing = few(config, decisions(config, lost, "accuracy", 0.01), lost)
    assert (
        "1 of 6 trainings did not come to an end (a, seed 18), so that there are pairs of a on 1 of 2 seeds" in missing
    )
    alone = {training: one.mean(keepdims=True) for training, one in scores.items()}
    assert "the intervals count the seeds alone" in few(config, decisions(config, alone, "accuracy", 0.01), alone)


def test_what_may_be_dropped_alone_may_not_be_dropped_together():
    config = Ablation(changes=CHANGES, seeds=6)
    found = decisions(config, scores_of(config, dict.fromkeys(CHANGES, 0.0), luck=0.001), "accuracy", 0.2)
    assert "a, b, c may each be dropped, which says nothing of dropping all of them" in few(config, found, {})


def test_the_recipes_own_spread():
    assert words.recipe("accuracy", [0.85, 0.85]) == "the recipe's accuracy is 85.0%, the same on 2 seeds (validation)"
    assert words.recipe("accuracy", [0.84, 0.86]).endswith("standard deviation 1.4 points over 2 seeds (validation)")
    assert words.recipe("accuracy", []) == ""
