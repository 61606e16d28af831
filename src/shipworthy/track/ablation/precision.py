"""What a difference's interval is wide by, seeds or rows, and how many more of which make it as narrow as needed.

A difference on a seed and a row varies by the seed, by the row, and by a rest that is neither's: the variance
components of a two-way table without replication (Searle, Casella and McCulloch 1992, Variance Components, chapter 4).

    S seeds   U units: validation rows, or groups of them
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shipworthy.track.ablation import crossed

MOST_SEEDS = 20
"""Beyond so many, rows are what lacks."""
MOST_TIMES = 1000
"""More rows than so many times those that there are help nobody."""


@dataclass(frozen=True)
class Spread:
    """Variances of a single difference, in the metric's unit squared.

    Attributes:
        of_seeds, of_rows, rest: what they vary by.
        seeds, units: how many there are; one unit: rows say nothing of this metric.
    """

    of_seeds: float
    of_rows: float
    rest: float
    seeds: int
    units: int

    def share_of_rows(self, level: float) -> float:
        """Of the interval's squared width what no number of seeds takes away (0 to 1)."""
        whole = self.half_width(level, self.seeds) ** 2
        return self.half_width(level, math.inf) ** 2 / whole if whole else 0.0

    def half_width(self, level: float, seeds: float, times: float = 1.0) -> float:
        """Of the interval that so many seeds, and so many times the rows, would give.

        Args:
            level: the interval's confidence (0 to 1).
            seeds: 2 or more; inf: what is left of it with any number of them.
        """
        units = self.units * times
        parts = [((self.of_seeds + self.rest / units) / seeds, seeds - 1.0)] if math.isfinite(seeds) else []
        if self.units > 1:
            parts.append(((self.of_rows + self.rest / seeds) / units, units - 1.0))
        return crossed.reach(parts, (1 - level) / 2)


@dataclass(frozen=True)
class More:
    """What would make an interval narrow enough.

    Attributes:
        seeds: in all.
        times: how many times the validation rows that there are.
    """

    seeds: int
    times: float


def spread(differences: Sequence[NDArray[np.float64]]) -> Spread:
    """Of paired differences, one per seed (2 or more), each of shape (U,)."""
    table_SU = np.stack(differences)
    seeds, units = table_SU.shape
    by_seed, by_row = table_SU.mean(1), table_SU.mean(0)
    if units == 1:
        return Spread(float(by_seed.var(ddof=1)), 0.0, 0.0, seeds, units)
    rest_SU = table_SU - by_seed[:, None] - by_row[None, :] + table_SU.mean()
    rest = float((rest_SU**2).sum()) / ((seeds - 1) * (units - 1))
    of_seeds = max(0.0, float(by_seed.var(ddof=1)) - rest / units)
    of_rows = max(0.0, float(by_row.var(ddof=1)) - rest / seeds)
    return Spread(of_seeds, of_rows, rest, seeds, units)


def more(found: Spread, target: float, level: float) -> More | None:
    """The least that makes the interval's half width `target`: seeds where they do it, else rows, else both.

    Args:
        target: in the metric's unit, above 0.

    Returns:
        None: nothing that could be had.
    """
    for seeds in range(found.seeds + 1, MOST_SEEDS + 1):
        if found.half_width(level, seeds) <= target:
            return More(seeds, 1.0)
    if found.units == 1:
        return None
    for seeds in (found.seeds, *range(2 * found.seeds, MOST_SEEDS + 1, found.seeds)):
        if times := _times(found, target, level, seeds):
            return More(seeds, times)
    return None


def _times(found: Spread, target: float, level: float, seeds: int) -> float | None:
    """How many times the rows do it with so many seeds, to a twentieth; None: none do."""
    grid = np.geomspace(1.05, MOST_TIMES, 142)
    enough = (float(times) for times in grid if found.half_width(level, seeds, float(times)) <= target)
    return next(enough, None)
