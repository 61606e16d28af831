"""Two candidates on the same rows: is one better, by how much, and is one at least not worse?

For n rows let `wins` be those that the candidate alone gets right and `losses` those that the reference alone gets
right; rows on which both agree say nothing about the difference (wins - losses) / n but its scale.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from math import inf, sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.stats import binomtest, norm
from statsmodels.stats.multitest import multipletests

from shipworthy.evaluation.intervals import Interval

Correct = NDArray[np.bool_] | Sequence[bool]


@dataclass(frozen=True)
class Comparison:
    """A candidate against a reference.

    Attributes:
        difference: of their shares of right rows (candidate - reference), with Tango's score interval.
        p_value: exact McNemar test, two-sided.
        n: rows.
        wins: rows that only the candidate got right.
        losses: rows that only the reference got right.
    """

    difference: Interval
    p_value: float
    n: int
    wins: int
    losses: int

    def to_json(self) -> dict[str, Any]:
        """As it stands in JSON files."""
        return asdict(self)


@dataclass(frozen=True)
class NonInferiority:
    """Whether a candidate loses less than a margin against a reference.

    Attributes:
        difference: candidate - reference (shares of rows); its interval has the level 1 - 2 alpha, so that
            `low > -margin` says the same as `p_value < alpha`.
        p_value: one-sided, of 'the candidate is worse by the margin or more'.
        margin: the loss that is too much (share of rows).
        holds: the loss was shown to be less than the margin.
    """

    difference: Interval
    p_value: float
    margin: float
    holds: bool

    def to_json(self) -> dict[str, Any]:
        """As it stands in JSON files."""
        return asdict(self)


def compare(candidate_correct: Correct, reference_correct: Correct, level: float = 0.95) -> Comparison:
    """Exact McNemar test (McNemar 1947; binomial of the discordant rows) and Tango's interval of the difference.

    Args:
        candidate_correct, reference_correct: shape (n,), one bool per row, the same rows in the same order.
        level: confidence of the interval (0 to 1).

    Raises:
        ValueError: no rows, or not as many of one as of the other.
    """
    wins, losses, n = _discordant(candidate_correct, reference_correct)
    p_value = float(binomtest(wins, wins + losses).pvalue) if wins + losses else 1.0
    return Comparison(score_interval(wins, losses, n, level), p_value, n, wins, losses)


def noninferiority(
    candidate_correct: Correct, reference_correct: Correct, margin: float, alpha: float
) -> NonInferiority:
    """One-sided score test for paired shares (Tango 1998, Statistics in Medicine 17:891; Nam 1997).

    Raises:
        ValueError: no rows, not as many of one as of the other, or a margin that is not between 0 and 1.
    """
    if not 0 < margin < 1:
        raise ValueError(f"a margin of {margin} is not between 0 and 1")
    wins, losses, n = _discordant(candidate_correct, reference_correct)
    p_value = float(norm.sf(score(wins, losses, n, -margin)))
    return NonInferiority(score_interval(wins, losses, n, 1 - 2 * alpha), p_value, margin, p_value < alpha)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests adjusted for their number (Holm 1979), in their own order."""
    return [float(p) for p in multipletests(p_values, method="holm")[1]] if len(p_values) else []


def score(wins: int, losses: int, n: int, difference: float) -> float:
    """Tango's score statistic of 'the true difference is `difference`', standard normal if it is (Tango 1998, eq. 8).

    Under the hypothesis P(win) = q + difference and P(loss) = q; q is the root of its maximum-likelihood equation.
    """
    b = -wins - losses + (2 * n - wins + losses) * difference
    c = -losses * difference * (1 - difference)
    q = (sqrt(max(b * b - 8 * n * c, 0.0)) - b) / (4 * n)
    variance = n * (2 * q + difference * (1 - difference))
    distance = wins - losses - n * difference
    if variance <= 0:
        return 0.0 if abs(distance) < 1e-12 else inf * distance
    return float(distance / sqrt(variance))


def score_interval(wins: int, losses: int, n: int, level: float = 0.95) -> Interval:
    """The differences that Tango's test does not refuse.

    It is among the intervals that Fagerland, Lydersen and Laake 2014 (Statistics in Medicine 33:2850) recommend.
    """
    estimate = (wins - losses) / n
    z = float(norm.isf((1 - level) / 2))

    def end(sign: int) -> float:
        def gap(difference: float) -> float:
            return sign * score(wins, losses, n, difference) + z

        limit = sign * (1 - 1e-12)
        return float(brentq(gap, estimate, limit, xtol=1e-10)) if gap(limit) < 0 < gap(estimate) else float(sign)

    return Interval(estimate, end(-1), end(+1), level)


def _discordant(candidate_correct: Correct, reference_correct: Correct) -> tuple[int, int, int]:
    candidate, reference = np.asarray(candidate_correct, dtype=bool), np.asarray(reference_correct, dtype=bool)
    if candidate.shape != reference.shape or candidate.ndim != 1 or not len(candidate):
        raise ValueError(f"paired rows are needed, not {candidate.shape} beside {reference.shape}")
    return int((candidate & ~reference).sum()), int((reference & ~candidate).sum()), len(candidate)
