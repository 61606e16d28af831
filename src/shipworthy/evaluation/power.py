"""Statistical power: the smallest difference that a test split of a given size can show, and the rows it takes.

Of right or wrong by row there is a formula. Of every other metric candidates are made out of a reference's own answers,
by setting some of them right and spoiling a few: how large a difference each makes, and how much chance moves it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import ceil, inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import norm

from shipworthy.core.errors import ShipworthyError
from shipworthy.evaluation import scores
from shipworthy.evaluation.metric import Metric, metric
from shipworthy.evaluation.paired import Pair, pair
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

POWER = 0.8
SPOILT = 0.25
"""For each answer that a candidate sets right, so many others that it spoils: models differ both ways."""
SHARES = (0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.5, 0.7)
"""Of all rows, set right by the candidates that are made."""
MOST_ROWS = 1000
WITHIN_ONE = 0.6827
"""The probability of a normal distribution within one standard deviation."""
DRAWS = 2
"""Candidates for each share; of their differences the mean counts."""


@dataclass(frozen=True)
class Candidate:
    """A candidate that was made.

    Attributes:
        gain: how much better it is than the reference, in the metric's unit.
        spread: the standard deviation of that difference on a single row, so that on n rows it is spread / sqrt(n).
    """

    gain: float
    spread: float

    def rows(self, alpha: float, power: float = POWER) -> float:
        """Rows on which the two-sided paired test finds it with that power, by the normal distribution."""
        if self.gain <= 0:
            return inf
        return float(((norm.isf(alpha / 2) + norm.isf(1 - power)) * self.spread / self.gain) ** 2)


@dataclass(frozen=True)
class Power:
    """What a test split can show.

    Attributes:
        rows: of the test split.
        smallest: the smallest gain that is shown on them, in the metric's unit (None: none of those that were made).
        margin: the plan's margin in the metric's unit.
        rows_for_margin: rows on which a gain of the margin is shown (None: no candidate comes near it).
        alpha, power: of the test.
    """

    rows: int
    smallest: float | None
    margin: float
    rows_for_margin: int | None
    alpha: float
    power: float = POWER

    def to_json(self) -> dict[str, Any]:
        """As it is in JSON files."""
        return asdict(self)


def simulate(
    task: Task, reference: Sequence[Prediction], answers: Sequence[str], rows: int, margin: float, seed: int
) -> Power:
    """By candidates made out of a reference's own answers.

    Args:
        reference: its predictions, of rows whose answers are known; at most MOST_ROWS of them are used.
        answers: the right ones.
        rows: of the test split.
        margin: by how much it is to be beaten, in the metric's unit.
        seed: of the candidates.
    """
    alpha = task.criteria.alpha
    made = list(_candidates(task, reference[:MOST_ROWS], answers[:MOST_ROWS], seed))
    gains = np.array([0.0, *(one.gain for one in made)])
    needed = [one.rows(alpha) for one in made]
    smallest = next((_between(made, needed, i, rows) for i, n in enumerate(needed) if n <= rows), None)
    for_margin = None
    if 0 < margin <= gains.max():
        # Between two candidates the spread grows with the share that is set right, and so with the gain.
        spread = float(np.interp(margin, np.sort(gains), np.r_[made[0].spread, [one.spread for one in made]]))
        for_margin = ceil(Candidate(margin, spread).rows(alpha))
    return Power(rows, smallest, margin, for_margin, alpha)


def _between(made: Sequence[Candidate], needed: Sequence[float], i: int, rows: int) -> float:
    """The gain between the last candidate that takes more rows than there are and the first that does not."""
    if i == 0 or needed[i - 1] == inf:
        return made[i].gain
    share = (sqrt(needed[i - 1]) - sqrt(rows)) / (sqrt(needed[i - 1]) - sqrt(needed[i]))
    return made[i - 1].gain + share * (made[i].gain - made[i - 1].gain)


def _candidates(task: Task, reference: Sequence[Prediction], answers: Sequence[str], seed: int) -> Iterator[Candidate]:
    draws, decides = np.random.default_rng(seed), metric(task.metric)
    theirs = scores.decided(task, reference, answers)
    sign = 1 if decides.GREATER_IS_BETTER else -1
    perfect = [_perfect(task, answer, given) for answer, given in zip(answers, reference, strict=True)]
    n = len(answers)
    for share in SHARES:
        gains, spreads = [], []
        for _ in range(DRAWS):
            order = draws.permutation(n)
            right, spoilt = order[: round(share * n)], order[round(share * n) :][: round(SPOILT * share * n)]
            given = list(reference)
            for i in right:
                given[i] = perfect[i]
            for i, other in zip(spoilt, draws.permutation(n), strict=False):
                given[i] = reference[other]
            mine = scores.decided(task, given, answers)
            if np.isnan(scores.value(task.metric, mine)):
                continue
            gain, spread = _difference(decides, mine, theirs, seed)
            gains.append(sign * gain)
            spreads.append(spread)
        if gains:
            yield Candidate(float(np.mean(gains)), float(np.mean(spreads)))


def _perfect(task: Task, answer: str, like: Prediction) -> Prediction:
    """What would be right, with all that the reference gives."""
    known, labels = like.probabilities, task.labels(answer)
    number = None if like.number is None else float(answer)
    ends = (None, None) if like.low is None else (number, number)
    return Prediction(
        answer,
        None if known is None else {name: float(name in labels) for name in {*known, *labels}},
        number,
        *ends,
    )


def _difference(decides: Metric, mine: NDArray[Any], theirs: NDArray[Any], seed: int) -> tuple[float, float]:
    """Of the metric, and its standard deviation on a single row."""
    if decides.KIND != "whole":
        by_row = mine.astype(np.float64) - theirs.astype(np.float64)
        return float(by_row.mean()), float(by_row.std())
    found = pair(decides, mine, theirs, Resampling(len(mine), None, seed, alpha=0.1))
    ends = found.interval(WITHIN_ONE)
    return found.value, (ends.high - ends.low) / 2 * sqrt(len(mine))


def rows_for(pair: Pair, gain: float, alpha: float) -> int | None:
    """Rows on which the two-sided paired test shows a gain, if the two differ from row to row as they do in this pair.

    Args:
        gain: above 0, in the metric's unit; whichever direction that has.

    Returns:
        None where the two don't differ on any row, or nothing was gained.
    """
    ends = pair.interval(WITHIN_ONE)
    needed = Candidate(gain, (ends.high - ends.low) / 2 * sqrt(pair.n)).rows(alpha)
    return ceil(needed) if 0 < needed < inf else None


def rows_needed(effect: float, discordance: float, alpha: float, power: float = POWER) -> float:
    """Rows with which the two-sided McNemar test finds a paired difference with the given power.

    Miettinen 1968 (Biometrics 24:339) in the form of Connor 1987 (Biometrics 43:207):
    n = (z(alpha/2) sqrt(psi) + z(beta) sqrt(psi - delta^2))^2 / delta^2.

    Args:
        effect: delta, the difference of the two shares (0 < delta <= psi).
        discordance: psi, the share of rows that exactly one of the two gets right.
        alpha: significance level, two-sided.
        power: the probability of finding it (0 to 1).
    """
    z_alpha, z_beta = norm.isf(alpha / 2), norm.isf(1 - power)
    return float((z_alpha * sqrt(discordance) + z_beta * sqrt(discordance - effect**2)) ** 2 / effect**2)


def smallest_effect(n: int, discordance: float, alpha: float, power: float = POWER) -> float:
    """The smallest paired difference (share of rows, 0 to 1) that a McNemar test on `n` rows finds with that power.

    A difference can't be greater than the discordance: where `n` rows show none as small as that, the discordance is
    taken to be as large as the difference.

    Raises:
        ShipworthyError: so few rows that not even a difference of 1 would be significant.
    """

    def gap(effect: float) -> float:
        return rows_needed(effect, max(discordance, effect), alpha, power) - n

    if gap(1.0) > 0:
        raise ShipworthyError(
            f"A test split of {n} rows cannot show any difference at alpha={alpha}: "
            f"give it {int(rows_needed(1.0, 1.0, alpha, power)) + 1} rows or more (data), or raise task.criteria.alpha."
        )
    return float(brentq(gap, 1e-9, 1.0, xtol=1e-12))
