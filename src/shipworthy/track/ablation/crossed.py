"""The mean of paired differences where another seed and other rows would both give another one.

Its variance is that over seeds plus that over rows: two crossed random effects, whose common rest is counted twice, on
the safe side. Half the interval is the root of the sum of squares of what Student's interval of each alone would be
(Howe 1974, J. Am. Stat. Assoc. 69:789): two seeds that are alike by chance make it no narrower than their one degree of
freedom allows, where Satterthwaite's degrees of freedom cover 87% instead of 95% (tests).

    S seeds   U units: validation rows, or groups of them
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import stdtrit

from shipworthy.evaluation.intervals import Interval

Part = tuple[float, float]
"""A variance of the mean, and its degrees of freedom."""
LEAST = 1e-12
"""The smallest one-sided p-value that is told."""


@dataclass(frozen=True)
class Crossed:
    """The mean of paired differences over seeds and rows (see evaluation/paired.Pair).

    Attributes:
        value: candidate - reference, in the metric's unit (NaN: there is no pair).
        parts: by seeds, and by rows where there are any (empty: of one seed nobody knows them).
        n: seeds.
    """

    value: float
    parts: tuple[Part, ...]
    n: int
    test: str = "paired t-test of seeds and rows"
    wins: int | None = None
    losses: int | None = None

    @property
    def p_value(self) -> float:
        """Of 'it is 0'."""
        return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_least(0.0)))

    def interval(self, level: float) -> Interval:
        """By Student's distribution."""
        half = reach(self.parts, (1 - level) / 2) if self.parts else math.inf
        return Interval(self.value, self.value - half, self.value + half, level)

    def p_at_most(self, bound: float) -> float:
        """The tail beyond the interval that ends at `bound`."""
        if not self.parts:
            return 1.0
        if not any(variance for variance, _ in self.parts):
            return float(self.value <= bound)
        distance, tail = abs(self.value - bound), LEAST
        if reach(self.parts, LEAST) > distance:
            tail = float(brentq(lambda one: reach(self.parts, one) - distance, LEAST, 0.5, xtol=LEAST))
        return tail if self.value > bound else 1 - tail

    def p_at_least(self, bound: float) -> float:
        """The same, from above."""
        return Crossed(-self.value, self.parts, self.n).p_at_most(-bound)


def reach(parts: Sequence[Part], tail: float) -> float:
    """Half the width of the interval of a mean whose variance is the sum of these, and beyond which lies `tail`."""
    return math.sqrt(sum(variance * float(stdtrit(freedom, tail)) ** 2 for variance, freedom in parts))


def crossed(differences: Sequence[NDArray[np.float64]]) -> Crossed:
    """The mean of paired differences.

    Args:
        differences: one per seed, each of shape (U,).
    """
    if len(differences) < 2:
        value = float(differences[0].mean()) if differences else math.nan
        return Crossed(value, (), len(differences))
    table_SU = np.stack(differences)
    means = [one for one in (table_SU.mean(1), table_SU.mean(0)) if len(one) > 1]  # of seeds, and of rows if any
    parts = tuple((float(one.var(ddof=1)) / len(one), float(len(one) - 1)) for one in means)
    return Crossed(float(table_SU.mean()), parts, len(table_SU))
