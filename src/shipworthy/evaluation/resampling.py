"""Rows drawn again with replacement, whole clusters of them where rows belong together: the bootstrap.

Efron and Tibshirani 1993, An Introduction to the Bootstrap, chapters 13 and 14; of clusters Davison and Hinkley 1997,
section 3.8. scipy.stats.bootstrap knows neither clusters nor counts, and its BCa interval takes time with the square of
the rows; where both can, they agree (tests).

    N rows   U units (rows, or clusters of them)   R resamples   B resamples at once   D distinct rows
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

RESAMPLES = 999
MANY = 5000
"""Of more units than this a statistic is as good as normally distributed: all that is asked is how widely."""
RESAMPLES_OF_MANY = 199
JACKKNIFED = 1000
"""Up to so many units the acceleration of a statistic that is no mean is found by leaving each out in turn."""
CELLS = 4_000_000
"""Counts that are held at once."""

Array = NDArray[np.float64]
Statistic = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]
"""Of rows (N, ...) and how often each is counted (B, N): B numbers, NaN where there is none."""


@dataclass(frozen=True)
class Resampling:
    """How rows are drawn.

    Attributes:
        n: rows.
        clusters: which rows belong together, a name or number each, shape (N,); None: each stands alone.
        seed: of the draws.
        alpha: the smallest significance level that is to be told (0 to 1).
    """

    n: int
    clusters: NDArray[np.generic] | None = None
    seed: int = 0
    alpha: float = 0.01

    def of(self, some_N: NDArray[np.bool_]) -> "Resampling":
        """The same of some of the rows."""
        clusters = None if self.clusters is None else self.clusters[some_N]
        return replace(self, n=int(some_N.sum()), clusters=clusters)

    @property
    def units(self) -> int:
        """What is drawn: rows, or clusters."""
        return self.n if self.clusters is None else len(np.unique(self.clusters))

    @property
    def many(self) -> bool:
        """Whether there are so many units that the normal distribution is near enough."""
        return self.units > MANY

    def resamples(self, *, tail: bool) -> int:
        """How many there are; with `tail` so many that a p-value of a twentieth of `alpha` can be seen."""
        if self.many:
            return RESAMPLES_OF_MANY
        return max(RESAMPLES, ceil(20 / self.alpha) - 1) if tail else RESAMPLES

    def counts(self, number: int, weights: Array | None = None) -> Iterator[Array]:
        """How often each row is drawn, in blocks of shape (B, N).

        Args:
            number: of resamples.
            weights: of rows that stand for several equal ones, how many they are, shape (N,).
        """
        draws = np.random.default_rng(self.seed)
        width = self.n if weights is None else len(weights)
        block = max(1, CELLS // width)
        for begin in range(0, number, block):
            several = min(block, number - begin)
            if weights is not None:
                yield draws.multinomial(self.n, weights / weights.sum(), size=several).astype(np.float64)
                continue
            units = self.units
            drawn = draws.integers(units, size=(several, units)) + units * np.arange(several)[:, None]
            counted = np.bincount(drawn.ravel(), minlength=several * units).reshape(several, units)
            yield (counted if self.clusters is None else counted[:, self._places()]).astype(np.float64)

    def sums(self, values: Array) -> Array:
        """Of each unit the sum over its rows; shape (U, ...)."""
        if self.clusters is None:
            return values
        found = np.zeros((self.units, *values.shape[1:]))
        np.add.at(found, self._places(), values)
        return found

    def left_out(self) -> Iterator[Array]:
        """All rows but those of one unit, for each unit in turn, in blocks of shape (B, N)."""
        place = np.arange(self.n) if self.clusters is None else self._places()
        block = max(1, CELLS // self.n)
        for begin in range(0, self.units, block):
            yield (place[None, :] != np.arange(begin, min(begin + block, self.units))[:, None]).astype(np.float64)

    def _places(self) -> NDArray[np.intp]:
        assert self.clusters is not None
        places: NDArray[np.intp] = np.unique(self.clusters, return_inverse=True)[1]
        return places


class Distribution(Protocol):
    """Of a statistic, over samples such as these."""

    @property
    def value(self) -> float:
        """The statistic of the rows themselves."""
        ...

    @property
    def constant(self) -> bool:
        """Whether it never varies."""
        ...

    def interval(self, level: float) -> tuple[float, float]:
        """The ends of its interval."""
        ...

    def p_at_most(self, bound: float) -> float:
        """One-sided, of 'it is `bound` or less'."""
        ...


@dataclass(frozen=True)
class Normal:
    """A statistic of many units, by its standard error."""

    value: float
    error: float

    @property
    def constant(self) -> bool:
        """Whether it never varies."""
        return self.error == 0

    def interval(self, level: float) -> tuple[float, float]:
        """The ends of the normal interval."""
        reach = float(norm.isf((1 - level) / 2)) * self.error
        return self.value - reach, self.value + reach

    def p_at_most(self, bound: float) -> float:
        """By the normal distribution."""
        return float(self.value <= bound) if self.constant else float(norm.cdf((bound - self.value) / self.error))


@dataclass(frozen=True)
class Resampled:
    """A statistic over resamples, with what its BCa interval (Efron 1987, J. Am. Stat. Assoc. 82:171) needs.

    Attributes:
        value: the statistic of the rows themselves.
        resampled: of each resample, sorted, without those where it does not exist; shape (R,).
        acceleration: how its standard error changes with its value (0: not at all, or not known).
    """

    value: float
    resampled: Array
    acceleration: float = 0.0

    @property
    def constant(self) -> bool:
        """Whether it never varies."""
        return not len(self.resampled) or bool(self.resampled[0] == self.resampled[-1])

    def interval(self, level: float) -> tuple[float, float]:
        """The ends of the BCa interval."""
        if self.constant:
            return self.value, self.value
        ends = []
        for share in ((1 - level) / 2, (1 + level) / 2):
            shifted = self._bias + norm.ppf(share)
            ends.append(float(np.quantile(self.resampled, norm.cdf(self._bias + shifted / self._scale(shifted)))))
        return ends[0], ends[1]

    def p_at_most(self, bound: float) -> float:
        """One-sided, of 'it is `bound` or less': the level at which the lower end of the interval reaches `bound`."""
        if self.constant:
            return float(self.value <= bound)
        distance = float(norm.ppf(self._below(bound))) - self._bias
        # Of bounds so far out that the formula turns back, the p-value is the last before that.
        if 1 + self.acceleration * distance <= 0:
            return 1.0 if distance > 0 else 1 / (len(self.resampled) + 1)
        return float(norm.cdf(distance / (1 + self.acceleration * distance) - self._bias))

    @property
    def _bias(self) -> float:
        return float(norm.ppf(self._below(self.value)))

    def _below(self, bound: float) -> float:
        """The share of resamples below it, of equal ones half; never 0 or 1."""
        low, high = np.searchsorted(self.resampled, bound, "left"), np.searchsorted(self.resampled, bound, "right")
        n = len(self.resampled)
        return float(np.clip((low + high) / 2 / n, 1 / (n + 1), n / (n + 1)))

    def _scale(self, shifted: float) -> float:
        return max(1 - self.acceleration * shifted, 1e-9)


def of_statistic(rows: Array, statistic: Statistic, how: Resampling, *, tail: bool = False) -> Distribution:
    """The distribution of a statistic of rows, shape (N, ...).

    Args:
        tail: whether p-values are to be told.

    Raises:
        ValueError: it does not exist on the rows themselves.
    """
    value = float(statistic(rows, np.ones((1, len(rows))))[0])
    if np.isnan(value):
        raise ValueError("the statistic does not exist on these rows")
    distinct, weights = _distinct(rows, how)
    resamples = how.counts(how.resamples(tail=tail), weights)
    found = np.concatenate([statistic(distinct, counts) for counts in resamples])
    if how.many:
        return Normal(value, float(np.nanstd(found, ddof=1)))
    acceleration = 0.0
    if how.units <= JACKKNIFED:
        acceleration = _acceleration(np.concatenate([statistic(rows, counts) for counts in how.left_out()]))
    return Resampled(value, np.sort(found[~np.isnan(found)]), acceleration)


def of_means(values_NM: Array, how: Resampling, *, tail: bool = False) -> list[Distribution]:
    """The distribution of the mean of each column, all by the same resamples.

    Args:
        tail: whether p-values are to be told.
    """
    total_M, sums_UM = values_NM.sum(axis=0), how.sums(values_NM)
    rows_U = how.sums(np.ones(how.n))
    if how.many:
        mean_M = total_M / how.n
        error_M = _error(mean_M, sums_UM, rows_U)
        return [Normal(float(mean), float(error)) for mean, error in zip(mean_M, error_M, strict=True)]
    resamples = how.counts(how.resamples(tail=tail))
    found_RM = np.concatenate([counts @ values_NM / counts.sum(axis=1)[:, None] for counts in resamples])
    # A single unit has nothing to be left out of.
    without_UM = (total_M - sums_UM) / (how.n - rows_U)[:, None] if how.units > 1 else np.zeros((0, len(total_M)))
    return [
        Resampled(float(total_M[i] / how.n), np.sort(found_RM[:, i]), _acceleration(without_UM[:, i]))
        for i in range(values_NM.shape[1])
    ]


def effective(values: Array, how: Resampling) -> float:
    """As many rows that stand alone as tell as much of a mean: rows by the design effect (Kish 1965, section 8.2).

    It is at most N. Where the rows are all alike, so that nothing shows how units go together, it is U.

    Args:
        values: shape (N,).
    """
    if how.clusters is None:
        return float(how.n)
    spread = float(values.var())
    if not spread or how.units == 1:
        return float(how.units)
    error = _error(values.sum() / how.n, how.sums(values), how.sums(np.ones(how.n)))
    return min(float(how.n), spread / error**2) if error else float(how.n)


def _error(mean: Any, sums: Array, rows_U: Array) -> Any:
    """Of a ratio of sums, by its linear part (Cochran 1977, Sampling Techniques, section 6.4); sums: shape (U, ...)."""
    units, apart = len(rows_U), sums - (rows_U.reshape(-1, *[1] * (sums.ndim - 1)) * mean)
    return np.sqrt((apart**2).sum(axis=0) * units / (units - 1)) / rows_U.sum()


def _distinct(rows: Array, how: Resampling) -> tuple[Array, Array | None]:
    """Rows that are equal, drawn as one, where that is worth it: what a confusion matrix counts is a few of them."""
    if how.clusters is not None or len(rows) < 2:
        return rows, None
    some, counts = np.unique(rows, axis=0, return_counts=True)
    return (some, counts.astype(np.float64)) if 4 * len(some) <= len(rows) else (rows, None)


def _acceleration(left_out: Array) -> float:
    """Of the values without each unit (Efron and Tibshirani 1993, equation 14.15)."""
    found = left_out[~np.isnan(left_out)]
    if not len(found):
        return 0.0
    from_mean = found.mean() - found
    squares = float((from_mean**2).sum())
    return float((from_mean**3).sum()) / (6 * squares**1.5) if squares > 0 else 0.0
