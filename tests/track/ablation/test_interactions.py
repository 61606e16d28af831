"""Interactions: their size, their simple effects, and how often their intervals hold the truth."""

import numpy as np
import pytest

from shipworthy.track.ablation.interactions import interactions
from shipworthy.track.ablation.schema import Ablation
from tests.track.ablation.made import CHANGES, scores_of

FACTORIAL = Ablation(design="factorial", changes={"a": ["x=1"], "b": ["x=2"]}, seeds=4)


def test_what_two_changes_do_together_is_found():
    scores = scores_of(FACTORIAL, {"a": 0.1, "b": -0.1}, together=0.2, luck=0.005, rows=2000)
    (found,) = interactions(FACTORIAL, scores, "accuracy")
    assert found.of == ("a", "b") and found.shown and found.seeds == 4
    assert found.difference.value == pytest.approx(0.2, abs=0.05)
    told = {(one.name, one.other, one.made): one.difference.value for one in found.simple}
    assert told["b", "a", False] == pytest.approx(-0.1, abs=0.04)
    assert told["b", "a", True] == pytest.approx(0.1, abs=0.04)
    assert told["b", "a", True] - told["b", "a", False] == pytest.approx(found.difference.value)
    without, a, b, both = found.means
    assert both - a - b + without == pytest.approx(found.difference.value)


def test_other_designs_have_none_and_a_seed_counts_only_whole():
    config = Ablation(changes=CHANGES, seeds=2)
    assert interactions(config, scores_of(config, dict.fromkeys(CHANGES, 0.0)), "accuracy") == []
    scores = scores_of(FACTORIAL, {"a": 0.0, "b": 0.0})
    scores.pop(next(one for one in scores if one.changed == ("b",) and one.seed == 18))
    assert interactions(FACTORIAL, scores, "accuracy")[0].seeds == 3
    for one in list(scores):
        if one.changed == ("b",):
            scores.pop(one)
    assert interactions(FACTORIAL, scores, "accuracy") == []


@pytest.mark.parametrize("together", [0.0, 0.15])
def test_intervals_of_interactions_hold_the_truth(together):
    """200 factorial ablations of three decisions: 95% of the intervals, or more, for the rest is counted twice."""
    config = Ablation(design="factorial", changes=CHANGES, seeds=3)
    effects = dict.fromkeys(CHANGES, 0.0)
    found = [
        interactions(config, scores_of(config, effects, together=together, seed=seed, rows=200), "accuracy")
        for seed in range(200)
    ]
    truth = {("a", "b"): together}
    covered = [one.difference.low <= truth.get(one.of, 0.0) <= one.difference.high for three in found for one in three]
    assert np.mean(covered) >= 0.93
    if not together:
        assert np.mean([any(one.shown for one in three) for three in found]) <= 0.08
