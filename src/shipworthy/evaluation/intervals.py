"""Estimates with confidence intervals."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from statsmodels.stats.proportion import proportion_confint

RESAMPLES = 1000


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
        """As it stands in JSON files; `Interval(**json)` reads it back."""
        return asdict(self)


def wilson(successes: int, n: int, level: float = 0.95) -> Interval:
    """A share and its score interval (Wilson 1927, J. Am. Stat. Assoc. 22:209), good near 0 and 1 and for small n.

    Raises:
        ValueError: no rows, or more successes than rows.
    """
    if not 0 <= successes <= n or n == 0:
        raise ValueError(f"{successes} of {n} is no share")
    low, high = proportion_confint(successes, n, alpha=1 - level, method="wilson")
    return Interval(successes / n, min(float(low), successes / n), max(float(high), successes / n), level)


def bootstrap(
    values: NDArray[Any],
    statistic: Callable[[NDArray[Any]], float],
    seed: int,
    level: float = 0.95,
) -> Interval:
    """Any statistic of rows and its percentile bootstrap interval (Efron and Tibshirani 1993, chapter 13).

    Args:
        values: shape (n, ...); rows are drawn with replacement.
        statistic: of an array of that shape; NaN where a resample has none (a class that was not drawn).
        seed: of the draws.
        level: confidence (0 to 1).

    Raises:
        ValueError: the statistic does not exist on the values themselves.
    """
    value = float(statistic(values))
    if np.isnan(value):
        raise ValueError("the statistic does not exist on these values")
    draws = np.random.default_rng(seed)
    n = len(values)
    resampled = [statistic(values[draws.integers(n, size=n)]) for _ in range(RESAMPLES)]
    low, high = np.nanquantile(resampled, [(1 - level) / 2, (1 + level) / 2])
    return Interval(value, float(low), float(high), level)
