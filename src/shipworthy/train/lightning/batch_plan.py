"""Which rows each step sees: fixed before the first step by lengths, seed and sizes, so that any step can be resumed.

The ledger is a hash that rolls over the ids of the rows that each step saw, in order: two runs with equal ledgers have
seen the same rows at the same steps, however often they were killed and on however many processes they ran.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np

WINDOW = 50
"""Batches whose rows are sorted by length together: enough for little padding, few enough to stay random."""


def plan_batches(
    lengths: Sequence[int], batch_size: int, needed: int, seed: int, before: Iterable[tuple[int, int]] = ()
) -> list[list[int]]:
    """The rows of every step: each epoch a new order, batches of like length.

    Every row is seen once before any is seen twice, up to the window at an epoch's end.

    Args:
        needed: rows that are seen in all; where they don't divide, one of the last steps has fewer.
        before: of the runs that this one goes on from, the first one's first: the rows that it was to see in all, and
            the step after which the next one went on. Their steps stay as they were; what they saw is not seen again.
            Who is to see as many rows as the one before sees the same ones at the same steps.
    """
    batches: list[list[int]] = []
    done, known = 0, 0
    for rows, step in (*before, (needed, 0)):
        if rows != known:
            batches = _planned(lengths, batch_size, rows, seed, batches[:done])
        done, known = step, rows
    return batches


def _planned(
    lengths: Sequence[int], batch_size: int, needed: int, seed: int, done: Sequence[list[int]]
) -> list[list[int]]:
    """The batches that are done, and behind them those of what is left."""
    generator = np.random.default_rng(seed)
    epochs = -(-needed // len(lengths))
    stream = np.concatenate([generator.permutation(len(lengths)) for _ in range(epochs)])[:needed]
    if done:
        seen = np.bincount(np.concatenate(done), minlength=len(lengths))
        epoch = np.arange(needed) // len(lengths)
        stream = stream[epoch >= seen[stream]][: max(0, needed - seen.sum())]
    size = np.asarray(lengths)
    batches = [list(batch) for batch in done]
    for start in range(0, len(stream), WINDOW * batch_size):
        window = stream[start : start + WINDOW * batch_size]
        window = window[np.argsort(size[window], kind="stable")]
        parts = [window[first : first + batch_size].tolist() for first in range(0, len(window), batch_size)]
        batches += [parts[part] for part in generator.permutation(len(parts))]
    return batches


def micro_batches(rows: Sequence[int], size: int, rank: int = 0, world: int = 1) -> list[list[int]]:
    """A step's rows in packs of at most `size`, and of these the block that one of `world` processes computes.

    Blocks, not every other one: then the sum over processes adds in the order in which a single process adds.
    """
    packs = [list(rows[start : start + size]) for start in range(0, len(rows), size)]
    first, last = (len(packs) * part // world for part in (rank, rank + 1))
    return packs[first:last]


def ledger(before: str, step: int, ids: Sequence[str]) -> str:
    """The ledger after a step (32 hexadecimal digits).

    Args:
        before: the ledger after the step before ("" at the first).
        ids: of the rows that the step saw, in order.
    """
    return hashlib.sha256("\n".join([before, str(step), *ids]).encode()).hexdigest()[:32]
