"""Numbers beside the right ones: rows to be drawn, how errors spread, and whether intervals hold what they promise."""

from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.evaluation import figures, slices
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.protocol import Prediction

POINTS = 400
"""Rows that a page draws, at most."""
BINS = 41
"""An odd number, so that one of them is around 0."""
MOST_SHOWN = 0.99
"""Of the errors, those nearest to 0, over which bins reach; larger ones are in the outermost."""
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SAID, COVERAGE = "the answer", "interval_coverage"


def by_number(
    task: Regression,
    given: Sequence[Prediction],
    answers: Sequence[str],
    by_metric: Mapping[str, NDArray[Any]],
    how: Resampling,
) -> dict[str, Any] | None:
    """What evaluation.json says of them; None where a prediction is no number.

    Args:
        by_metric: metric → scored rows (see scores.every).
        how: as in slices.measured.
    """
    said = [one.number for one in given]
    if any(number is None for number in said):
        return None
    right_N, said_N = np.array([float(one) for one in answers]), np.array(said, dtype=np.float64)
    error_N = said_N - right_N
    furthest = float(np.quantile(np.abs(error_N), MOST_SHOWN)) or 1.0
    edges = np.linspace(-furthest, furthest, BINS + 1)
    part_of = slices.ranges(pl.Series(said_N))
    least = dict(sorted(zip(part_of, said_N.tolist(), strict=True), key=lambda one: -one[1]))
    parts = slices.measured(SAID, part_of, by_metric, how)
    drawn = np.sort(np.random.default_rng(how.seed).permutation(len(given))[:POINTS])
    return {
        "points": [[float(right_N[i]), float(said_N[i]), given[i].low, given[i].high] for i in drawn],
        "error_quantiles": {f"{share:g}": float(np.quantile(error_N, share)) for share in QUANTILES},
        "bins": {
            "edges": edges.tolist(),
            "rows": np.histogram(np.clip(error_N, -furthest, furthest), edges)[0].tolist(),
        },
        "parts": sorted(parts, key=lambda one: least.get(one["part"], inf)),
        "interval": task.interval,
    }


def promise(level: float, coverage: Interval) -> str:
    """What was asked of the intervals and what they hold, in a clause.

    Args:
        coverage: the share of rows whose interval holds the right number.
    """
    found = figures.interval(COVERAGE, coverage)
    said = f"asked for {100 * level:.4g}%, the intervals hold the right number in {found} of the rows"
    if coverage.high < level:
        return f"{said}, which is less: they are too narrow"
    return f"{said}, which is more: they could be narrower" if coverage.low > level else said


def remarks(name: str, task: Regression, metrics: Mapping[str, Interval]) -> list[str]:
    """That a model's intervals hold less than they should, where it was shown; without a full stop."""
    coverage = metrics.get(COVERAGE)
    short = coverage is not None and coverage.high < task.interval
    return [f"{name}: {promise(task.interval, coverage)}"] if coverage and short else []
