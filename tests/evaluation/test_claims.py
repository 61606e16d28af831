"""What may be said of a candidate follows from its figures, and never contradicts them."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import claims, paired
from shipworthy.evaluation.claims import BETTER, EQUAL, NOT_WORSE, OPEN, WORSE, Claim, decide
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.paired import Shares
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.verdict import judge


@pytest.mark.parametrize(
    ("wins", "losses", "words", "sentence"),
    [
        (150, 60, BETTER, "better"),
        (60, 150, WORSE, "worse"),
        (50, 55, EQUAL, "equal (within 3 points)"),
        (110, 95, NOT_WORSE, "not worse (by 3 points or more)"),
        (85, 110, OPEN, "no difference shown, nor that less than 3 points is lost"),
    ],
)
def test_each_claim(wins: int, losses: int, words: str, sentence: str) -> None:
    (claim,) = decide("accuracy", [Shares(1000, wins, losses)], 0.05 if words != OPEN else 0.01, 0.03)
    assert (claim.words, claim.sentence) == (words, sentence)


def test_worse_by_less_than_the_margin_is_said_and_is_no_equality() -> None:
    (claim,) = decide("accuracy", [Shares(20_000, 60, 150)], 0.01, 0.03)
    assert (claim.words, claim.within_margin) == (WORSE, True)
    assert claim.sentence == "worse, by less than 3 points"


def test_without_a_margin_nothing_is_equal() -> None:
    (claim,) = decide("accuracy", [Shares(1000, 50, 50)], 0.05)
    assert (claim.words, claim.within_margin, claim.p_margin) == (OPEN, False, None)
    with pytest.raises(ShipworthyError, match="margin of 0"):
        decide("accuracy", [Shares(1000, 50, 50)], 0.05, 0.0)


def test_several_candidates_are_adjusted_together() -> None:
    alone = decide("accuracy", [Shares(1000, 80, 50)], 0.05)[0]
    several = decide("accuracy", [Shares(1000, 80, 50), Shares(1000, 70, 60), Shares(1000, 65, 65)], 0.05)[0]
    assert several.p_value == pytest.approx(3 * alone.p_value) and several.tests == 3


def test_json_and_back() -> None:
    for margin in (None, 0.03):
        (claim,) = decide("accuracy", [Shares(1000, 150, 60)], 0.05, margin)
        assert Claim.from_json(claim.to_json()) == claim


def test_margins_are_of_the_unit_or_of_the_reference() -> None:
    assert claims.margin_of("accuracy", 0.02, 0.5) == 0.02
    assert claims.margin_of("auc", 0.02, 0.5) == 0.02
    assert claims.best("accuracy", {"a": 0.1, "b": 0.3, "c": 0.3}) == "b"


CRITERIA = {"metric": "exact_match", "margin": 0.05, "alpha": 0.01}


@pytest.mark.parametrize(
    ("wins", "losses", "unmet"),
    [
        (130, 50, []),
        (100, 55, ["the plan asks that it be better by 5 points or more"]),
        (20, 10, ["the plan asks that it be better", "exact McNemar test", "it must lie above 0"]),
        (50, 130, ["the plan asks that it be better", "won, 130 lost), in favour of nearest", "it must lie above 0"]),
    ],
)
def test_every_criterion_must_be_met(wins: int, losses: int, unmet: list[str]) -> None:
    (claim,) = decide("exact_match", [Shares(1000, wins, losses)], 0.01)
    verdict = judge(claim, "nearest", 0.05, CRITERIA)
    assert verdict.passed == (not unmet)
    failed = [reason for reason in verdict.reasons if reason.startswith("Not met")]
    assert len(failed) == len(unmet)
    assert all(text in reason for text, reason in zip(unmet, failed, strict=True))


NUMBER = r"[-+]?[\d,]+(?:\.\d+)?"


@settings(max_examples=300, deadline=None)
@given(
    st.integers(5, 3000),
    st.floats(0, 0.4),
    st.floats(0, 0.4),
    st.sampled_from([0.0, 0.01, 0.02, 0.05]),
    st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.2]),
)
def test_a_verdict_never_contradicts_its_figures(n: int, won: float, lost: float, margin: float, alpha: float) -> None:
    (claim,) = decide("accuracy", [Shares(n, int(won * n), int(lost * n))], alpha, margin or None)
    _check(claim, margin)


@settings(max_examples=60, deadline=None)
@given(
    st.integers(2, 80),
    st.floats(-1, 1),
    st.floats(0.01, 2),
    st.sampled_from([0.0, 0.02, 0.2]),
    st.sampled_from([0.01, 0.05, 0.2]),
    st.sampled_from(["auc", "rmse", "mae", "brier", "token_f1"]),
    st.integers(0, 99),
)
def test_nor_does_one_of_numbers_in_either_direction(
    n: int, shift: float, spread: float, margin: float, alpha: float, name: str, seed: int
) -> None:
    draws = np.random.default_rng(seed)
    reference = draws.gamma(2, size=n)
    candidate = np.abs(reference + draws.normal(shift, spread, n))
    if name == "auc":
        positive = np.r_[0, 1, draws.random(n - 2) < 0.4].astype(float)
        candidate, reference = (
            np.column_stack([rows + positive, positive])[:, None] for rows in (candidate, reference)
        )
    (claim,) = decide(
        name, [paired.pair(metric(name), candidate, reference, Resampling(n, seed=seed))], alpha, margin or None
    )
    _check(claim, margin)


def _check(claim: Claim, margin: float) -> None:
    up = metric(claim.metric).GREATER_IS_BETTER
    verdict = judge(claim, "other", margin, {})
    if claim.words == WORSE:
        assert all(reason.startswith("Not met") for reason in verdict.reasons)
    if verdict.passed:
        assert claim.words == BETTER
    value, low, high = _numbers(claim.figures)
    p = claim.figures.rpartition("p ")[2]
    if claim.words in (BETTER, WORSE):
        assert (min(value, low, high) > 0) if (claim.words == BETTER) == up else (max(value, low, high) < 0)
        assert p.startswith("<") or float(p[2:]) < claim.alpha
    elif low > 0 or high < 0:
        assert float(p[2:]) >= claim.alpha
    if claim.margin is not None:
        value, low, high = _numbers(claim.margin_figures)
        worst = low if up else -high
        scale = 100 if "points" in claim.margin_figures else 1
        if claim.within_margin:
            assert worst > -scale * claim.margin
        if claim.words in (EQUAL, NOT_WORSE):
            assert claim.within_margin
        if claim.words == EQUAL:
            assert (high if up else -low) < scale * claim.margin
    for reason in verdict.reasons:
        assert "nan" not in reason


def _numbers(text: str) -> list[float]:
    found = re.match(rf"({NUMBER})(?: points)? \[({NUMBER}), ({NUMBER})\]", text)
    assert found, text
    return [float(one.replace(",", "")) for one in found.groups()]


def test_a_tolerated_loss_is_still_called_one() -> None:
    (claim,) = decide("accuracy", [Shares(20_000, 60, 150)], 0.01, 0.03)
    assert replace(claim, margin=None, within=None, p_margin=None).sentence == "worse"
