"""Two models right or wrong on the same rows: the score test and interval of the difference of two paired shares.

For n rows let `wins` be those that the candidate alone gets right and `losses` those that the reference alone gets
right; rows on which both agree say nothing about the difference (wins - losses) / n but its scale.
"""

from math import inf, sqrt

from scipy.optimize import brentq
from scipy.stats import norm

from shipworthy.evaluation.intervals import Interval


def score(wins: float, losses: float, n: float, difference: float) -> float:
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


def score_interval(wins: float, losses: float, n: float, level: float = 0.95) -> Interval:
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
