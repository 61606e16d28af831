"""What may be said of a candidate follows from its figures, and never contradicts them."""

import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import claims, paired, scores
from shipworthy.evaluation.claims import BETTER, EQUAL, NOT_WORSE, OPEN, WORSE, Claim, decide
from shipworthy.evaluation.metric import is_share, metric
from shipworthy.evaluation.paired import Shares
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.verdict import judge
from shipworthy.optimize.quantize.variant import Judged, Variant


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


def test_a_gain_of_the_margin_meets_it_however_it_was_rounded() -> None:
    rows = np.repeat([0.0, 0.1, 0.05], [10, 10, 60])
    pair = paired.pair(metric("token_f1"), rows, np.zeros(80), Resampling(80))
    (claim,) = decide("token_f1", [pair], 0.01)
    assert claim.difference.value < 0.05 < claim.difference.value + 1e-12
    assert judge(claim, "other", 0.05, {}).passed


def test_who_gains_loses_less_than_any_margin_and_shows_it_by_the_gain() -> None:
    """Two tests decide: of few rows that of the gain may say yes, and that of a tiny margin no."""
    (claim,) = decide("accuracy", [Shares(900, 60, 20)], 0.01, 0.01)
    unsure = replace(claim, p_margin=0.02)
    assert (unsure.words, unsure.within_margin, unsure.shown_by) == (BETTER, True, claim.figures)


def test_each_claim_is_shown_by_the_figures_that_it_rests_on() -> None:
    by = {words: decide("accuracy", [Shares(n, wins, losses)], 0.05, 0.03)[0].shown_by for words, n, wins, losses in (
        (BETTER, 1000, 150, 60), (WORSE, 1000, 60, 150), (EQUAL, 1000, 50, 55), ("tolerable", 20_000, 60, 150),
    )}  # fmt: skip
    assert by[BETTER].startswith("+9.0 points [+6.2, ") and by[BETTER].endswith("p < 0.0001")
    assert by[WORSE].startswith("-9.0 points [") and "margin" not in by[WORSE] and ";" not in by[WORSE]
    assert re.fullmatch(r"-0.5 points \[-2.2, \+1.2\] \(90%\), p = 0.00\d\d of a loss of 3 points or more", by[EQUAL])
    test, margin = by["tolerable"].split("; ")
    assert test.startswith("-0.4 points [") and margin.endswith("(90%), p < 0.0001 of a loss of 3 points or more")


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
MARGINS = st.sampled_from([0.0, 0.0003, 0.01, 0.02, 0.05, 0.2, 0.4999])
ALPHAS = st.sampled_from([0.001, 0.01, 0.05, 0.1, 0.2, 0.45])


@settings(max_examples=400, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 3000), st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=3), MARGINS, ALPHAS
)
def test_a_verdict_never_contradicts_its_figures(
    made: list[tuple[int, float, float]], margin: float, alpha: float
) -> None:
    """Right or wrong by row, one candidate or several, of one row or many."""
    pairs = []
    for n, differ, won in made:
        wins = round(won * (discordant := round(differ * n)))
        pairs.append(Shares(n, wins, discordant - wins))
    for claim in decide("accuracy", pairs, alpha, margin or None):
        _check(claim, margin)


@settings(max_examples=250, deadline=None)
@given(
    st.one_of(st.integers(2, 5), st.integers(6, 80)),
    st.sampled_from([0.0, 0.01, 0.1, 0.3, 1.0]),
    st.floats(0.001, 2),
    st.sampled_from([0.0, 0.0, 0.5, 0.9, 1.0]),
    MARGINS,
    ALPHAS,
    st.sampled_from(["auc", "rmse", "mae", "brier", "token_f1", "accuracy", "median_absolute_error", "log_loss"]),
    st.sampled_from([1.0, 1.0, 1e-4, 54_321.0]),
    st.sampled_from([None, 1, 2, 5]),
    st.integers(0, 99),
)
def test_nor_does_one_of_numbers_in_either_direction(
    n: int,
    shift: float,
    spread: float,
    ties: float,
    margin: float,
    alpha: float,
    name: str,
    scale: float,
    clusters: int | None,
    seed: int,
) -> None:
    """Of all units and sizes, few rows and many, ties, rows that belong together, and three candidates at once."""
    draws = np.random.default_rng(seed)
    groups = None if clusters is None else np.arange(n) % max(1, n // clusters)
    how = Resampling(n, groups, seed, alpha)
    reference = draws.gamma(2, size=n)
    positive = np.r_[0, 1, draws.random(n - 2) < 0.4].astype(float)

    def rows(values: np.ndarray) -> np.ndarray:
        if name == "accuracy":
            return np.asarray(values > 1.5)
        return np.column_stack([values + positive, positive])[:, None] if name == "auc" else scale * values

    pairs, reference_rows = [], rows(reference)
    for turn in (1, -1, 0):
        moved = np.abs(reference + draws.normal(turn * shift, spread, n))
        candidate = np.where(draws.random(n) < ties, reference, moved)
        pairs.append(paired.pair(metric(name), rows(candidate), reference_rows, how))
    margin = claims.margin_of(name, margin, scores.value(name, reference_rows))
    for claim in decide(name, pairs, alpha, margin or None):
        _check(claim, margin)


def _check(claim: Claim, margin: float) -> None:
    """All that is said of a claim, read as a user reads it: by its digits."""
    up = 1 if metric(claim.metric).GREATER_IS_BETTER else -1
    scale = 100 if is_share(claim.metric) else 1
    value, low, high = _gained(claim.figures, up)
    assert Claim.from_json(claim.to_json()) == claim
    if claim.words in (BETTER, WORSE):
        assert min(value, low, high) > 0 if claim.words == BETTER else max(value, low, high) < 0
        assert _p(claim.figures) < claim.alpha
    elif low > 0 or high < 0:
        assert _p(claim.figures) >= claim.alpha
    _check_verdict(claim, margin, value, low)
    if claim.margin is None:
        assert claim.words in (BETTER, WORSE, OPEN) and claim.shown_by == claim.figures
        return
    assert claim.within_margin == (claim.words in (BETTER, EQUAL, NOT_WORSE) or "by less than" in claim.sentence)
    value, low, high = _gained(claim.margin_figures, up)
    asked = _amount(claim.margin_figures.rpartition(" loss of ")[2])
    assert asked == pytest.approx(scale * claim.margin, rel=0.005)
    if claim.words == BETTER:
        assert claim.shown_by == claim.figures
    elif claim.within_margin:
        assert low > -asked and _p(claim.margin_figures) < claim.alpha
        assert claim.margin_figures in claim.shown_by
    elif claim.words == OPEN:
        assert low <= -asked or _p(claim.margin_figures) >= claim.alpha
    if claim.words != BETTER and claim.words != WORSE:
        assert _amount(claim.sentence.split("(within ")[-1].split("(by ")[-1].split("less than ")[-1]) == asked
    if claim.words == EQUAL:
        assert high < asked


def _check_verdict(claim: Claim, margin: float, value: float, low: float) -> None:
    """Of the plan's criterion and of compression's: a loss that was shown never meets them, a gain is never one."""
    verdict = judge(claim, "other", margin, {})
    assert verdict.passed == all(reason.startswith("Met") for reason in verdict.reasons)
    assert not any("nan" in reason for reason in verdict.reasons)
    if verdict.passed:
        assert claim.words == BETTER
    if claim.words == WORSE:
        assert all(reason.startswith("Not met") for reason in verdict.reasons)
    reason = verdict.reasons[0]
    if margin > 0:
        gained = _gained(reason.partition(" is ")[2], 1 if metric(claim.metric).GREATER_IS_BETTER else -1)[0]
        asked = _amount(reason.rpartition(" better by ")[2])
        assert (gained >= asked) == reason.startswith("Met")
    none = np.zeros(0)
    for tolerant in (False, True):
        judged = Judged(Variant("v", "v", "gguf", 1, [], [], 0.1), none, None, {}, {}, claim, False, tolerant, 1)
        if claim.words == BETTER:
            assert judged.holds == (claim.margin is not None)
        if judged.holds:
            assert claim.words not in (OPEN, *(() if tolerant else (WORSE,)))


def _gained(text: str, up: int) -> tuple[float, float, float]:
    """Value and ends of a difference, turned so that more is better."""
    found = re.match(rf"({NUMBER})(?: points)? \[({NUMBER}), ({NUMBER})\]", text)
    assert found, text
    value, low, high = (up * float(one.replace(",", "")) for one in found.groups())
    return (value, low, high) if up == 1 else (value, high, low)


def _amount(text: str) -> float:
    found = re.match(NUMBER, text)
    assert found, text
    return float(found[0].replace(",", ""))


def _p(text: str) -> float:
    found = re.search(r"p ([=<]) ([\d.]+)", text)
    assert found, text
    return float(found[2]) if found[1] == "=" else 0.0


def test_a_tolerated_loss_is_still_called_one() -> None:
    (claim,) = decide("accuracy", [Shares(20_000, 60, 150)], 0.01, 0.03)
    assert replace(claim, margin=None, within=None, p_margin=None).sentence == "worse"
