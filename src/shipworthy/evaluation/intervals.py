"""Estimates with confidence intervals.

N rows   B resamples at once
"""

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

from shipworthy.evaluation.resampling import Distribution, Resampling, of_means, of_statistic


@dataclass(frozen=True)
class Interval:
    """An estimate and its two-sided confidence interval.

    Attributes:
        value: the estimate.
        low, high: the ends of the interval, in the estimate's unit.
        level: the interval's confidence (0 to 1).
    """

    value: float
    low: float
    high: float
    level: float = 0.95

    def to_json(self) -> dict[str, float]:
        """As it is in JSON files; `Interval(**json)` reads it back."""
        return asdict(self)

    @classmethod
    def of(cls, found: Distribution, level: float = 0.95) -> "Interval":
        """Of a statistic whose distribution is known; it holds the value, whatever the last digit of a sum."""
        low, high = found.interval(level)
        return cls(found.value, min(low, found.value), max(high, found.value), level)


def wilson(successes: int, n: int, level: float = 0.95, effective: float | None = None) -> Interval:
    """A share and its score interval (Wilson 1927, J. Am. Stat. Assoc. 22:209), good near 0 and 1 and for small n.

    Args:
        effective: as many rows that stand alone as tell as much (see resampling.effective); None: all of them.

    Raises:
        ValueError: no rows, or more successes than rows.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no share")
    share, rows = successes / n, n if effective is None else effective
    low, high = proportion_confint(share * rows, rows, alpha=1 - level, method="wilson")
    return Interval(share, min(float(low), share), max(float(high), share), level)


def mean(values_N: NDArray[np.float64], seed: int) -> Interval:
    """The mean of rows that stand alone, with its 95% bootstrap interval (see resampling.py)."""
    (found,) = of_means(values_N[:, None], Resampling(len(values_N), seed=seed))
    return Interval.of(found)


def ratio(above_N: NDArray[np.float64], below_N: NDArray[np.float64], seed: int) -> Interval:
    """The sum of a number over that of another, of rows that stand alone, with its 95% bootstrap interval.

    Raises:
        ValueError: the numbers below are 0.
    """
    return Interval.of(of_statistic(np.column_stack([above_N, below_N]), _ratio, Resampling(len(above_N), seed=seed)))


def _ratio(rows_N2: NDArray[np.float64], counts_BN: NDArray[np.float64]) -> NDArray[np.float64]:
    above_B, below_B = (counts_BN @ rows_N2).T
    found_B: NDArray[np.float64] = np.divide(above_B, below_B, out=np.full_like(above_B, np.nan), where=below_B != 0)
    return found_B
