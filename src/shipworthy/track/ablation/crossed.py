"""The mean of paired differences where another seed and other rows would both give another one.

Its variance is that over seeds plus that over rows: two crossed random effects, whose common rest is counted twice, on
the safe side. The interval is Student's, with Satterthwaite's degrees of freedom (1946, Biometrics Bulletin 2:110).

    S seeds   U units: validation rows, or groups of them
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from shipworthy.evaluation.intervals import Interval


@dataclass(frozen=True)
class Crossed:
    """The mean of paired differences over seeds and rows (see evaluation/paired.Pair).

    Attributes:
        value: candidate - reference, in the metric's unit (NaN: there is no pair).
        error: its standard error (inf: of one seed nobody knows it).
        freedom: degrees of freedom of Student's distribution.
        n: seeds.
    """

    value: float
    error: float
    freedom: float
    n: int
    test: str = "paired t-test of seeds and rows"
    wins: int | None = None
    losses: int | None = None

    @property
    def p_value(self) -> float:
        """Of 'it is 0'."""
        return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_least(0.0)))

    def interval(self, level: float) -> Interval:
        """Student's."""
        if math.isinf(self.error):
            return Interval(self.value, -math.inf, math.inf, level)
        half = float(student.ppf((1 + level) / 2, self.freedom)) * self.error
        return Interval(self.value, self.value - half, self.value + half, level)

    def p_at_most(self, bound: float) -> float:
        """By Student's distribution."""
        if math.isinf(self.error) or not self.error:
            return float(math.isinf(self.error) or self.value <= bound)
        return float(student.sf((self.value - bound) / self.error, self.freedom))

    def p_at_least(self, bound: float) -> float:
        """By Student's distribution."""
        return Crossed(-self.value, self.error, self.freedom, self.n).p_at_most(-bound)


def crossed(differences: Sequence[NDArray[np.float64]]) -> Crossed:
    """The mean of paired differences.

    Args:
        differences: one per seed, each of shape (U,).
    """
    if len(differences) < 2:
        value = float(differences[0].mean()) if differences else math.nan
        return Crossed(value, math.inf, 1.0, len(differences))
    table_SU = np.stack(differences)
    means = [one for one in (table_SU.mean(1), table_SU.mean(0)) if len(one) > 1]  # of seeds, and of rows if any
    variance, freedom = together([(float(one.var(ddof=1)) / len(one), len(one) - 1) for one in means])
    return Crossed(float(table_SU.mean()), math.sqrt(variance), freedom, len(table_SU))


def together(parts: Sequence[tuple[float, float]]) -> tuple[float, float]:
    """The sum of variances, and its degrees of freedom.

    Args:
        parts: a variance, and its degrees of freedom.
    """
    variance = sum(part for part, _ in parts)
    return variance, variance**2 / sum(part**2 / n for part, n in parts) if variance else 1.0
