"""Lengths of rows in tokens, and what follows from them: truncation, padding, how full packs are.

All is computed from the number of rows of each length, so that it costs the same for any number of rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

BINS = 40
VALUES = 15
"""Most frequent values of a column that are listed."""
SPLITS = ("train", "validation", "test")
Counts = NDArray[np.int64]
"""Number of rows of each length, from 0 tokens on."""


def length() -> pl.Expr:
    """Tokens of a row; of the test split the prompt's alone, for its answers are not read."""
    answer = pl.when(pl.col("split") == "test").then(0).otherwise(pl.col("answer_ids").list.len())
    return (pl.col("prompt_ids").list.len() + answer).alias("length")


def histograms(rows: pl.LazyFrame) -> dict[str, Counts]:
    """Rows of each length, per split."""
    found = rows.group_by("split", length()).len().collect(engine="streaming")
    parts = {split: found.filter(pl.col("split") == split) for split in SPLITS}
    return {split: _bincount(part) for split, part in parts.items() if part.height}


def _bincount(found: pl.DataFrame) -> Counts:
    lengths = found["length"].to_numpy().astype(np.int64)
    return np.bincount(lengths, weights=found["len"].to_numpy()).astype(np.int64)


def summary(counts: Counts) -> dict[str, Any]:
    """Rows, tokens, quantiles, and a histogram of at most `BINS` bars (from, to before, rows)."""
    n = int(counts.sum())
    width = max(1, -(-len(counts) // BINS))
    edges = list(range(0, len(counts), width))
    bars = [[edge, edge + width, int(counts[edge : edge + width].sum())] for edge in edges]
    tokens = int((counts * np.arange(len(counts))).sum())
    return {
        "rows": n,
        "tokens": tokens,
        "mean": round(tokens / n, 2),
        **{name: _quantile(counts, q) for name, q in (("min", 0.0), ("median", 0.5), ("p95", 0.95), ("p99", 0.99))},
        "max": len(counts) - 1,
        "histogram": bars[next(i for i, bar in enumerate(bars) if bar[2]) :],
    }


def _quantile(counts: Counts, q: float) -> int:
    rank = max(1, int(np.ceil(q * counts.sum())))
    return int(np.searchsorted(np.cumsum(counts), rank))


def by_column(rows: pl.LazyFrame, column: str) -> list[dict[str, Any]]:
    """Lengths by the value of a column: those values that most rows have; of the test split nothing."""
    seen = rows.filter(pl.col("split") != "test").with_columns(
        pl.col(column).cast(pl.String).fill_null("(missing)").alias("value")
    )
    frequent = seen.group_by("value").len("rows").sort("rows", "value", descending=[True, False]).head(VALUES)
    top = frequent.collect(engine="streaming")
    found = (
        seen.filter(pl.col("value").is_in(top["value"].implode()))
        .group_by("value", length())
        .len()
        .collect(engine="streaming")
    )
    listed = []
    for value, n in top.iter_rows():
        about = summary(_bincount(found.filter(pl.col("value") == value)))
        listed.append({"value": value, "rows": n, **{key: about[key] for key in ("mean", "median", "p95", "max")}})
    return listed


def truncation(counts: dict[str, Counts], lengths: Sequence[int]) -> list[dict[str, Any]]:
    """The share of each split's rows that is longer than each length."""
    return [
        {"length": limit, **{split: round(float(c[limit + 1 :].sum() / c.sum()), 6) for split, c in counts.items()}}
        for limit in lengths
    ]


def waste(counts: Counts, lengths: Sequence[int], batch_sizes: Sequence[int]) -> list[dict[str, Any]]:
    """For rows up to each length: which share of the tokens in a batch is padding, and how full packs are.

    Returns:
        One entry per length and batch size: `fixed` (every row filled up to the length), `random` (batches drawn at
        random, filled up to their longest row), `sorted` (batches of like length), as shares of padding (0 to 1);
        `packed`, the share of padding where rows are laid into sequences of that length, best fit first.
    """
    return [
        entry for limit in lengths if counts[: limit + 1].sum() for entry in _waste_up_to(counts, limit, batch_sizes)
    ]


def _waste_up_to(counts: Counts, limit: int, batch_sizes: Sequence[int]) -> list[dict[str, Any]]:
    kept = counts[: limit + 1]
    mean = float((kept * np.arange(len(kept))).sum() / kept.sum())
    packed = round(1 - packing(kept, limit), 6)
    return [
        {
            "length": limit,
            "batch": size,
            "rows": int(kept.sum()),
            "fixed": round(1 - mean / limit, 6),
            "random": round(1 - mean / _expected_longest(kept, size), 6),
            "sorted": round(_sorted_waste(kept, size), 6),
            "packed": packed,
        }
        for size in batch_sizes
    ]


def _expected_longest(counts: Counts, size: int) -> float:
    """The mean length of the longest of `size` rows drawn at random (with replacement)."""
    below = np.cumsum(counts) / counts.sum()
    return float((1 - below[:-1] ** size).sum()) if len(below) > 1 else 0.0


def _sorted_waste(counts: Counts, size: int) -> float:
    """The share of padding where rows are batched in the order of their length; the last batch may be smaller."""
    total, upto = int(counts.sum()), np.cumsum(counts)
    ends = np.append(np.arange(size, total, size), total)
    longest = np.searchsorted(upto, ends)
    rows = np.diff(ends, prepend=0)
    return 1 - float((counts * np.arange(len(counts))).sum() / (longest * rows).sum())


def packing(counts: Counts, capacity: int) -> float:
    """How full sequences of `capacity` tokens are when rows are laid into them whole: best fit, longest first (0 to 1).

    By lengths instead of rows, as in Krell et al. 2021 (https://arxiv.org/abs/2107.02027).
    """
    room = np.zeros(capacity + 1, dtype=np.int64)  # sequences by how many tokens they still have room for
    opened = 0
    for size in range(len(counts) - 1, 0, -1):
        left = int(counts[size])
        for space in np.flatnonzero(room[size:]) + size if left else ():
            # A sequence with room for several of them gets as many as go in.
            each = int(space) // size
            used = min(int(room[space]), -(-left // each))
            room[space] -= used
            full, rest = divmod(min(left, used * each), each)
            room[space - each * size] += full
            if rest:
                room[space - rest * size] += 1
            left -= full * each + rest
            if not left:
                break
        each = capacity // size
        full, rest = divmod(left, each)
        room[capacity - each * size] += full
        if rest:
            room[capacity - rest * size] += 1
        opened += full + bool(rest)
    return float((counts * np.arange(len(counts))).sum() / (opened * capacity))
