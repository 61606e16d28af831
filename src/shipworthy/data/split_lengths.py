"""Whether the texts of validation and test are as long as those of train: what is measured is then what was learned."""

from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.models.dataset import SPLITS

Counts = NDArray[np.int64]
"""Number of texts of each length, from 0 characters on."""
DISTANCE = 0.1
"""Least distance of two distributions that is worth a word (0 to 1)."""
ALPHA = 0.001


def by_split(rows: pl.LazyFrame, column: str) -> dict[str, Counts]:
    """Texts of each length (characters), for each split."""
    length = pl.col(column).str.len_chars().fill_null(0).alias("length")
    found = rows.group_by("split", length).len().collect(engine="streaming")
    parts = {name: found.filter(pl.col("split") == name) for name in SPLITS}
    return {
        name: np.bincount(part["length"].to_numpy(), weights=part["len"].to_numpy()).astype(np.int64)
        for name, part in parts.items()
    }


def summary(counts: dict[str, Counts]) -> dict[str, Any]:
    """For the report: each split's rows and median length (characters), and its distance from train."""
    found: dict[str, Any] = {}
    for name, own in counts.items():
        distance, p = distance_of(own, counts["train"])
        found[name] = {"rows": int(own.sum()), "median": median(own), "distance": round(distance, 4), "p": round(p, 6)}
    return found


def median(counts: Counts) -> int:
    """The median length (characters)."""
    return int(np.searchsorted(np.cumsum(counts), counts.sum() / 2))


def distance_of(a: Counts, b: Counts) -> tuple[float, float]:
    """Kolmogorov's and Smirnov's distance of two distributions (0 to 1), and its asymptotic p-value."""
    from scipy.stats import kstwobign

    n, m = int(a.sum()), int(b.sum())
    longest = max(len(a), len(b))
    shares = (np.cumsum(np.pad(one, (0, longest - len(one)))) / one.sum() for one in (a, b))
    distance = float(np.abs(np.subtract(*shares)).max())
    return distance, float(kstwobign.sf(np.sqrt(n * m / (n + m)) * distance))


def warnings(counts: dict[str, Counts]) -> list[str]:
    """A sentence for each split whose texts are longer or shorter than those of train by more than chance."""
    found = []
    for name, about in summary(counts).items():
        if about["distance"] >= DISTANCE and about["p"] < ALPHA:
            found.append(
                f"the texts of {name} are not as long as those of train (median {about['median']:,} against "
                f"{median(counts['train']):,} characters; their distributions are {about['distance']:.2f} apart, p < "
                f"{ALPHA}), so that {name} measures another sort of rows: see which rows were left out of which split, "
                "or change data.split."
            )
    return found
