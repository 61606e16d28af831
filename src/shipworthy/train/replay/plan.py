"""Which replayed rows each step sees beside the task's: fixed before the first step, as the task's are."""

from collections.abc import Iterator, Sequence
from itertools import islice

import numpy as np

OWN_STREAM = 7
"""Beside the run's seed, so that the task's rows are drawn as without a buffer."""


def with_replay(batches: Sequence[Sequence[int]], buffer: Sequence[int], share: float, seed: int) -> list[list[int]]:
    """Each step's rows with the replayed ones behind them.

    The task's rows stay as they are, step by step, in their order. Over the steps the replayed ones are `share` of all
    rows, exactly but for one row; each is seen once before any is seen twice. More steps begin as fewer do.

    Args:
        batches: the task's rows of each step.
        buffer: numbers of the rows that may be replayed.
        share: of all rows (0 to below 1).

    Raises:
        ValueError: there is a share, and no row to replay.
    """
    if not share:
        return [list(batch) for batch in batches]
    if not buffer:
        raise ValueError("a share of no rows can't be replayed")
    stream, planned, seen, given = _stream(buffer, seed), [], 0, 0
    for batch in batches:
        seen += len(batch)
        # The smallest excess keeps 0.2 of 5 rows from being none by the last bit of a float.
        due = int(seen * share / (1 - share) + 1e-9)
        planned.append([*batch, *islice(stream, due - given)])
        given = due
    return planned


def needed(batches: Sequence[Sequence[int]], share: float) -> int:
    """How many rows are replayed in all these steps, repetitions counted."""
    return int(sum(map(len, batches)) * share / (1 - share) + 1e-9)


def _stream(buffer: Sequence[int], seed: int) -> Iterator[int]:
    generator = np.random.default_rng([seed, OWN_STREAM])
    rows = np.asarray(buffer)
    while True:
        yield from rows[generator.permutation(len(rows))].tolist()
