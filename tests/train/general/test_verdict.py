"""A loss that was planted in one skill is found there; without one, none is claimed."""

from typing import Any

import numpy as np
import pytest

from shipworthy.evaluation.claims import Claim
from shipworthy.train.general.scores import Scores
from shipworthy.train.general.verdict import KEPT, LOST, OPEN, verdict

NAMES = ["arithmetic", "code", "reading", "translation"]
SKILLS = np.repeat(NAMES, 48).tolist()


def before(seed: int) -> Scores:
    draws = np.random.default_rng(seed)
    loss = draws.gamma(2.0, 0.6, len(SKILLS))
    return Scores((draws.random(len(SKILLS)) < 0.6).astype(float), loss, 0.3 * loss)


def judged(was: Scores, now: Scores) -> dict[str, Any]:
    return verdict(SKILLS, was, now, margin=0.05, loss_margin=0.1, alpha=0.01, seed=1)


def disturbed(was: Scores, seed: int, flips: float = 0.05) -> Scores:
    """Other answers here and there, as many better as worse."""
    draws = np.random.default_rng(seed)
    flipped = draws.random(len(SKILLS)) < flips
    right = np.where(flipped, draws.random(len(SKILLS)) < 0.6, was.right).astype(float)
    return Scores(right, was.loss + draws.normal(0, 0.15, len(SKILLS)), was.own_loss)


def test_an_unchanged_model_lost_nothing() -> None:
    found = judged(before(1), before(1))
    assert found["words"] == KEPT and found["remedy"] == ""
    assert "less than 5 points of right answers and 0.1 nats of loss on right answers are lost" in found["sentence"]
    assert [part["skill"] for part in found["skills"]] == NAMES and found["whole"]["n"] == 192
    for part in (found["whole"], *found["skills"]):
        for key in ("answers", "loss", "own"):
            assert Claim.from_json(part[key]["claim"]).words in ("equal", "not worse", "no difference shown")
            assert part[key]["before"] == part[key]["after"]


def test_noise_is_not_called_a_loss() -> None:
    words = [judged(before(seed), disturbed(before(seed), 100 + seed))["words"] for seed in range(12)]
    assert words.count(LOST) == 0


@pytest.mark.parametrize("lost", ["answers", "loss"])
def test_a_loss_in_one_skill_is_found_there_alone(lost: str) -> None:
    was = before(2)
    now = disturbed(was, 3, flips=0.02)
    damaged = np.array(SKILLS) == "code"
    if lost == "answers":
        now = Scores(np.where(damaged & (np.arange(len(SKILLS)) % 2 == 0), 0.0, now.right), now.loss, now.own_loss)
    else:
        now = Scores(now.right, now.loss + 0.6 * damaged, now.own_loss)
    found = judged(was, now)
    assert found["words"] == LOST and "trainer.replay.share" in found["remedy"]
    worse = [part["skill"] for part in found["skills"] if part[lost]["claim"]["words"] == "worse"]
    assert worse == ["code"] and "in code " in found["sentence"] and "in reading" not in found["sentence"]
    claim = Claim.from_json(found["skills"][1][lost]["claim"])
    assert claim.gain < 0 and claim.tests == len(NAMES) and not claim.within_margin


def test_a_small_but_sure_loss_is_within_the_margin() -> None:
    was = before(4)
    now = Scores(was.right, was.loss + 0.02 + np.random.default_rng(5).normal(0, 0.02, len(SKILLS)), was.own_loss)
    found = judged(was, now)
    assert found["words"] == KEPT and "worse, by less than 0.1" in found["sentence"]


def test_a_new_manner_alone_decides_nothing() -> None:
    was = before(6)
    found = judged(was, Scores(was.right, was.loss, was.own_loss + 2.0))
    assert found["words"] == KEPT
    assert found["whole"]["own"]["claim"]["words"] == "worse"


def test_few_questions_show_neither() -> None:
    was = before(7)
    few = [0, 48, 96, 144]
    found = verdict(NAMES, was.at(few), was.at(few), margin=0.05, loss_margin=0.1, alpha=0.01, seed=1)
    assert found["words"] == OPEN and "it is not shown" in found["sentence"]
