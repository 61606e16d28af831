"""Intervals hold the truth as often as they say, and what is no better is rarely called so: by simulation."""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from scipy.stats import binomtest, norm

from shipworthy.evaluation import claims, paired, scores
from shipworthy.evaluation.claims import BETTER
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

N = 300
USERS = np.repeat(np.arange(60), 5)
NUMBERS = Regression(name="t", description="d", baselines=["median"])
CLASSES = Classification(name="t", description="d", baselines=["majority"], positive="b")


def errors(draws: np.random.Generator) -> np.ndarray:
    return np.abs(draws.normal(0, 1, N))


def skewed(draws: np.random.Generator) -> np.ndarray:
    return draws.lognormal(0, 0.5, N)


def right(draws: np.random.Generator) -> np.ndarray:
    return draws.random(N) < 0.8


def of_users(draws: np.random.Generator) -> np.ndarray:
    """60 users of five rows each, whose errors go together."""
    return np.abs(np.repeat(draws.normal(0, 1, 60), 5) + draws.normal(0, 0.3, N))


def right_by_user(draws: np.random.Generator) -> np.ndarray:
    """60 users of five rows each, of whom some are easy and some hard."""
    return draws.random(N) < np.repeat(draws.beta(2, 2, 60), 5)


def rarely_wrong_by_user(draws: np.random.Generator) -> np.ndarray:
    """The same, where one user in twenty has three of five rows wrong."""
    return draws.random(N) > np.repeat(0.6 * (draws.random(60) < 0.05), 5)


def numbers(draws: np.random.Generator) -> list[str]:
    return [str(one) for one in draws.normal(0, 2, N)]


def guessed(draws: np.random.Generator, answers: list[str]) -> list[Prediction]:
    return [Prediction("", number=float(a) + e) for a, e in zip(answers, draws.normal(0, 1, N), strict=True)]


def classes(draws: np.random.Generator) -> list[str]:
    return ["b" if one else "a" for one in draws.random(N) < 0.3]


def ranked(draws: np.random.Generator, answers: list[str]) -> list[Prediction]:
    shares = 1 / (1 + np.exp(-draws.normal([1.0 * (a == "b") for a in answers], 1)))
    return [Prediction("b" if s > 0.5 else "a", {"a": 1 - s, "b": s}) for s in shares]


@dataclass(frozen=True)
class Case:
    """Rows of a metric as a candidate gives them, and others as good as that for the same answers."""

    name: str
    truth: float
    rows: Callable[[np.random.Generator], np.ndarray] | None = None
    task: Task = field(default_factory=lambda: CLASSES)
    answers: Callable[[np.random.Generator], list[str]] = classes
    said: Callable[[np.random.Generator, list[str]], list[Prediction]] = ranked
    clusters: np.ndarray | None = None

    def one(self, draws: np.random.Generator) -> np.ndarray:
        if self.rows:
            return self.rows(draws)
        answers = self.answers(draws)
        return scores.scored(self.name, self.task, self.said(draws, answers), answers)

    def two(self, draws: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Two candidates that agree on about half of the rows."""
        same = draws.random(N) < 0.5
        if self.rows:
            mine, theirs = self.rows(draws), self.rows(draws)
            return mine, np.where(same, mine, theirs)
        answers = self.answers(draws)
        first, other = self.said(draws, answers), self.said(draws, answers)
        second = [a if alike else b for a, b, alike in zip(first, other, same, strict=True)]
        return tuple(scores.scored(self.name, self.task, given, answers) for given in (first, second))


CASES = [
    Case("mae", np.sqrt(2 / np.pi), errors),
    Case("mae", np.exp(0.125), skewed),
    Case("accuracy", 0.8, right),
    Case("auc", norm.cdf(1 / np.sqrt(2))),
    Case("rmse", 1.0, task=NUMBERS, answers=numbers, said=guessed),
    Case("r2", 0.75, task=NUMBERS, answers=numbers, said=guessed),
    Case("mae", np.sqrt(1.09 * 2 / np.pi), of_users, clusters=USERS),
    Case("accuracy", 0.5, right_by_user, clusters=USERS),
    Case("accuracy", 0.97, rarely_wrong_by_user, clusters=USERS),
]


def _holds(held: int, times: int) -> None:
    """Within 1.5 points of 95%: of few simulations as near as chance lets it be."""
    if times > 1000:
        assert abs(held / times - 0.95) <= 0.015
    else:
        assert binomtest(held, times, 0.935).pvalue > 0.001 or binomtest(held, times, 0.965).pvalue > 0.001


@pytest.mark.parametrize("times", [60, pytest.param(2500, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}-{case.truth:.2f}")
def test_an_interval_holds_the_truth_as_often_as_it_says(case: Case, times: int) -> None:
    draws, held = np.random.default_rng(7), 0
    for seed in range(times):
        found = scores.interval(case.name, case.one(draws), Resampling(N, case.clusters, seed))
        held += found.low <= case.truth <= found.high
    _holds(held, times)


@pytest.mark.parametrize("times", [30, pytest.param(1200, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize(
    "case", [one for one in CASES if one.clusters is None], ids=lambda case: f"{case.name}-{case.truth:.2f}"
)
def test_without_a_difference_better_is_claimed_in_one_of_twenty_at_most(case: Case, times: int) -> None:
    draws, claimed = np.random.default_rng(11), 0
    for seed in range(times):
        mine, theirs = case.two(draws)
        found = paired.pair(metric(case.name), mine, theirs, Resampling(N, None, seed))
        (claim,) = claims.decide(case.name, [found], 0.05)
        claimed += claim.words == BETTER
    assert binomtest(claimed, times, 0.05, alternative="greater").pvalue > 0.001
    if times > 1000:
        assert claimed / times <= 0.05


@pytest.mark.parametrize("times", [60, pytest.param(2500, marks=[pytest.mark.long, pytest.mark.timeout(1200)])])
@pytest.mark.parametrize("gain", [0.0, 0.03])
def test_of_paired_shares_in_clusters_the_interval_holds_and_better_is_rarely_claimed(gain: float, times: int) -> None:
    """60 users, of whom some are easy for both models, and some for one."""
    draws, held, claimed = np.random.default_rng(13), 0, 0
    for seed in range(times):
        easy, own = draws.beta(2, 2, 60), draws.beta(8, 8, (2, 60)) - 0.5
        mine, theirs = (draws.random(N) < np.repeat(np.clip(easy + each, 0, 1), 5) for each in own)
        mine = np.where(draws.random(N) < 2 * gain, True, mine) if gain else mine
        truth = 2 * gain * 0.5 if gain else 0.0
        found = paired.pair(metric("accuracy"), mine, theirs, Resampling(N, USERS, seed))
        shown = found.interval(0.95)
        held += shown.low <= truth <= shown.high
        (claim,) = claims.decide("accuracy", [found], 0.05)
        claimed += claim.words == BETTER
    _holds(held, times)
    if not gain:
        assert binomtest(claimed, times, 0.05, alternative="greater").pvalue > 0.001
