"""Latency of single requests."""

import time

import numpy as np
import polars as pl

from shipworthy.models.protocol import Predictor


def one_by_one(predictor: Predictor, rows: pl.DataFrame) -> list[float]:
    """Seconds that each row takes when asked alone; one unmeasured request before, to warm the caches up."""
    predictor.predict(rows[:1])
    seconds = []
    for i in range(rows.height):
        row = rows[i : i + 1]
        started = time.perf_counter()
        predictor.predict(row)
        seconds.append(time.perf_counter() - started)
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    """The latency that `share` (0 to 1) of the requests did not exceed."""
    return float(np.quantile(seconds, share))
