"""Two candidates on the same rows: the difference of a metric, its interval, and how likely chance is to make it.

The test follows from the metric's kind: right or wrong by row the exact McNemar test, a number by row the paired
permutation test, one number of all rows the paired bootstrap; clusters of rows are exchanged and drawn whole.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.stats import binomtest, norm

from shipworthy.evaluation import resampling, tango
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import Metric, right_rows
from shipworthy.evaluation.resampling import Array, Distribution, Resampling

PERMUTATIONS = 9999


class Pair(Protocol):
    """A candidate and a reference on the same rows."""

    @property
    def test(self) -> str:
        """What `p_value` comes from, in words."""
        ...

    @property
    def value(self) -> float:
        """Candidate - reference, in the metric's unit."""
        ...

    @property
    def p_value(self) -> float:
        """Two-sided, of 'there is no difference'."""
        ...

    @property
    def n(self) -> int:
        """Rows."""
        ...

    @property
    def wins(self) -> int | None:
        """Rows on which the candidate alone is right, or does better; None where a metric knows no single rows."""
        ...

    @property
    def losses(self) -> int | None:
        """The same of the reference."""
        ...

    def interval(self, level: float) -> Interval:
        """Of the difference, two-sided."""
        ...

    def p_at_most(self, bound: float) -> float:
        """One-sided, of 'the true difference is `bound` or less'."""
        ...

    def p_at_least(self, bound: float) -> float:
        """One-sided, of 'the true difference is `bound` or more'."""
        ...


@dataclass(frozen=True)
class Shares:
    """Right or wrong by row: exact McNemar test (McNemar 1947), score interval and score test (Tango 1998).

    Attributes:
        effective: as many rows that stand alone as tell as much of the difference (see resampling.effective); the
            score interval is that of so many, as Obuchowski 1998 (Statistics in Medicine 17:1495) has it for the test
            of paired shares in clusters. None: all of them.
        exchanged: the p-value of exchanging whole clusters, instead of McNemar's.
    """

    n: int
    wins: int
    losses: int
    test: str = "exact McNemar test"
    effective: float | None = None
    exchanged: float | None = None

    @property
    def value(self) -> float:
        """The difference of the two shares."""
        return (self.wins - self.losses) / self.n

    @property
    def p_value(self) -> float:
        """Of the binomial of the rows on which only one is right, or of clusters."""
        if self.exchanged is not None:
            return self.exchanged
        discordant = self.wins + self.losses
        return float(binomtest(self.wins, discordant).pvalue) if discordant else 1.0

    def interval(self, level: float) -> Interval:
        """Tango's."""
        return tango.score_interval(*self._told, level)

    def p_at_most(self, bound: float) -> float:
        """By Tango's score."""
        return float(norm.sf(tango.score(*self._told, bound)))

    def p_at_least(self, bound: float) -> float:
        """By Tango's score."""
        return float(norm.cdf(tango.score(*self._told, bound)))

    @property
    def _told(self) -> tuple[float, float, float]:
        """Wins, losses and rows, as if each row stood alone."""
        share = 1.0 if self.effective is None else self.effective / self.n
        return self.wins * share, self.losses * share, self.n * share


@dataclass(frozen=True)
class Resampled:
    """A difference whose distribution is known by resampling.

    Attributes:
        least: the smallest one-sided p-value that so few units can have.
    """

    distribution: Distribution
    least: float
    p_value: float
    n: int
    test: str
    wins: int | None = None
    losses: int | None = None

    @property
    def value(self) -> float:
        """The difference."""
        return self.distribution.value

    def interval(self, level: float) -> Interval:
        """BCa."""
        return Interval.of(self.distribution, level)

    def p_at_most(self, bound: float) -> float:
        """The level of the interval whose lower end is `bound`."""
        return max(self.distribution.p_at_most(bound), self.least)

    def p_at_least(self, bound: float) -> float:
        """The level of the interval whose upper end is `bound`."""
        return max(1 - self.distribution.p_at_most(bound), self.least)


def pair(metric: Metric, candidate: NDArray[Any], reference: NDArray[Any], how: Resampling) -> Pair:
    """Both by the scores of their rows, as the metric's `score` gives them.

    Args:
        metric: that scored them.
        candidate, reference: shape (n,) or (n, ...), the same rows in the same order.
        how: clusters and seed.

    Raises:
        ValueError: no rows, not the same of both, or the metric has no value on them.
    """
    if candidate.shape != reference.shape or not len(candidate) or len(candidate) != how.n:
        raise ValueError(f"paired rows are needed, not {candidate.shape} beside {reference.shape}")
    if metric.KIND == "whole":
        return _of_some(metric, candidate, reference, how) or _whole(metric, candidate, reference, how)
    return by_row(candidate, reference, how, right=metric.KIND == "right", greater_is_better=metric.GREATER_IS_BETTER)


def by_row(
    candidate: NDArray[Any], reference: NDArray[Any], how: Resampling, *, right: bool, greater_is_better: bool = True
) -> Pair:
    """Both by a score of each row, shape (n,), of which the mean is compared.

    Args:
        right: it says right or wrong.
    """
    better = candidate > reference if greater_is_better else candidate < reference
    wins, losses = int(better.sum()), int((candidate != reference).sum() - better.sum())
    differences = candidate.astype(np.float64) - reference.astype(np.float64)
    if right and how.clusters is None:
        return Shares(how.n, wins, losses)
    of = "rows" if how.clusters is None else f"{how.units:,} clusters of rows"
    test, p_value = f"permutation test of {of}", _exchanged(how.sums(differences), how)
    if right:
        return Shares(how.n, wins, losses, test, resampling.effective(differences, how), p_value)
    (found,) = resampling.of_means(differences[:, None], how, tail=True)
    return Resampled(found, _least(how), p_value, how.n, test, wins, losses)


def _of_some(metric: Metric, candidate: NDArray[Any], reference: NDArray[Any], how: Resampling) -> Pair | None:
    """Both by a share of the same rows, such as those of a class; None where it is no such share."""
    mine, theirs = right_rows(metric, candidate), right_rows(metric, reference)
    if mine is None or theirs is None:
        return None
    counts_N = ~np.isnan(mine)
    if not counts_N.any() or (counts_N != ~np.isnan(theirs)).any():
        return None
    return by_row(mine[counts_N], theirs[counts_N], how.of(counts_N), right=True)


def _whole(metric: Metric, candidate: NDArray[Any], reference: NDArray[Any], how: Resampling) -> Pair:
    flat = [rows.reshape(len(rows), -1).astype(np.float64) for rows in (candidate, reference)]
    width = flat[0].shape[1]

    def difference(rows: Array, counts: Array) -> Array:
        mine, theirs = (part.reshape(-1, *candidate.shape[1:]) for part in (rows[:, :width], rows[:, width:]))
        return metric.statistic(mine, counts) - metric.statistic(theirs, counts)

    found = resampling.of_statistic(np.hstack(flat), difference, how, tail=True)
    below = 0.5 if found.constant and found.value == 0 else found.p_at_most(0.0)
    p_value = min(1.0, 2 * max(min(below, 1 - below), _least(how)))
    of = "" if how.clusters is None else f" of {how.units:,} clusters of rows"
    return Resampled(found, _least(how), p_value, how.n, f"paired bootstrap{of}")


def _least(how: Resampling) -> float:
    """Candidate and reference can be exchanged in 2^U ways; the bootstrap of very few units knows nothing of that."""
    return float(2.0**-how.units)


def _exchanged(sums: Array, how: Resampling) -> float:
    """The paired permutation test: in each unit, candidate and reference could as well be exchanged.

    All exchanges of few units, a sample for more; of many the normal distribution that they tend to.
    scipy.stats.permutation_test does the same in thirty times the time (tests compare them).
    """
    units = len(sums)
    if units < 2 or not np.any(sums):
        return 1.0
    if units > resampling.MANY:
        return float(2 * norm.sf(abs(sums.sum()) / np.sqrt((sums**2).sum())))
    draws, as_far, tried = max(PERMUTATIONS, ceil(40 / how.alpha)), 0, 0
    far = abs(sums.sum()) * (1 - 1e-12)
    for signs in _signs(units, draws, how.seed):
        as_far += int((abs(signs @ sums) >= far).sum())
        tried += len(signs)
    return as_far / tried if 2**units <= draws else (as_far + 1) / (tried + 1)


def _signs(units: int, draws: int, seed: int) -> Iterator[Array]:
    """Which units are exchanged (-1) and which not (1), in blocks of shape (B, U): all ways, or so many at random."""
    if 2**units <= draws:
        every = np.arange(2**units)
        yield np.where(every[:, None] >> np.arange(units) & 1, -1.0, 1.0)
        return
    rng, block = np.random.default_rng(seed), max(1, resampling.CELLS // units)
    for begin in range(0, draws, block):
        bits = rng.integers(2, size=(min(block, draws - begin), units), dtype=np.int8)
        yield np.where(bits, -1.0, 1.0)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values of several tests adjusted for their number (Holm 1979, Scand. J. Stat. 6:65), in their own order.

    Not statsmodels' own: that collects the process's garbage at each call, a tenth of a second.
    """
    adjusted, least = list(p_values), 0.0
    for rank, i in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        least = max(least, min(1.0, (len(p_values) - rank) * float(p_values[i])))
        adjusted[i] = least
    return adjusted
