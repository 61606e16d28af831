"""Latency of single requests."""

import time

import numpy as np
import polars as pl

from shipworthy.models.documents import chunks
from shipworthy.models.protocol import Predictor


def one_by_one(predictor: Predictor, rows: pl.DataFrame) -> list[float]:
    """Seconds that each document takes when asked alone; one unmeasured request before, to warm the caches up."""
    predictor.predict(rows[:1])
    seconds = []
    for own in chunks(rows):
        document = rows[own]
        started = time.perf_counter()
        predictor.predict(document)
        seconds.append(time.perf_counter() - started)
    return seconds


def percentile(seconds: list[float], share: float) -> float:
    """The latency that `share` (0 to 1) of the requests did not exceed."""
    return float(np.quantile(seconds, share))
