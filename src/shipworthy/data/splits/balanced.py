"""Fills splits with groups of rows so that each split has the classes' shares of all rows.

A split of few groups that are drawn blindly has other shares than the rows: groups of equal rows are large, and the
largest stay in train, so that no group dominates a metric. Here a group is taken only if the split's classes stay
within a part of what drawing single rows would give; where that leaves a split too small, the bounds are widened.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

Rows = np.ndarray[Any, Any]
MAX_CLASSES = 50
MAX_GROUPS = 500_000
REPEATED = 0.1
"""Where groups of two or more hold a smaller share of the rows, drawing groups is as good as drawing rows."""
BOUNDS = ((0.25, 0.1), (1.0, 0.1), (1.0, 0.3), (4.0, 0.3), (16.0, 1.0), (float("inf"), 1.0))
"""For each pass: the largest distance from the classes' shares, as a multiple of what is expected of single rows drawn
at random, and the largest group, as a share of the split."""
FULL = 0.8
"""A split with this share of its rows needs no further pass."""


def applies(sizes: Rows, classes: int) -> bool:
    """Whether the groups are so large, and the classes so few, that shares must be watched."""
    return bool(
        2 <= classes <= MAX_CLASSES and len(sizes) <= MAX_GROUPS and sizes[sizes > 1].sum() > REPEATED * sizes.sum()
    )


def fill(counts_GC: Rows, rooms: Mapping[int, int]) -> Rows:
    """The split of each group, shape (G,); 0 where it is none of `rooms`.

    Args:
        counts_GC: rows of each group by class; groups are tried in this order.
        rooms: a split's number → the most rows that it gets.
    """
    sizes, counts_GC = counts_GC.sum(axis=1).tolist(), counts_GC.astype(np.float64)
    shares_C = counts_GC.sum(axis=0) / counts_GC.sum()
    # Distances are chi-square statistics: a class's deviation in rows, squared, over the rows that it should have.
    place_G = np.zeros(len(sizes), dtype=np.int8)
    taken, left = {code: np.zeros(len(shares_C)) for code in rooms}, dict(rooms)
    for factor, share in BOUNDS:
        lacking = [code for code, room in rooms.items() if left[code] > (1 - FULL) * room]
        for i in np.flatnonzero(place_G == 0).tolist() if lacking else ():
            for code in lacking:
                if sizes[i] > left[code] or sizes[i] > max(1.0, share * rooms[code]):
                    continue
                then_C = taken[code] + counts_GC[i]
                now, then = (_distance(one, shares_C, rooms[code]) for one in (taken[code], then_C))
                if then <= max(now, factor * (len(shares_C) - 1)):
                    taken[code], place_G[i] = then_C, code
                    left[code] -= sizes[i]
                    break
            if not any(left[code] for code in lacking):
                break
    return place_G


def _distance(taken_C: Rows, shares_C: Rows, room: int) -> float:
    """How far the rows of a split are from the classes' shares; 1 per degree of freedom is expected of single rows."""
    deviation_C = taken_C - shares_C * taken_C.sum()
    return float((deviation_C**2 / (shares_C * room)).sum())


def counts_by_class(groups: Rows, members: Rows, answers: Rows) -> Rows:
    """Rows of each group by class, shape (G, C).

    Args:
        groups: each row's group, as the number of its lowest row; shape (n,).
        members: the groups, in the order that is asked for; shape (G,).
        answers: each row's class, from 0; shape (n,).
    """
    place = np.empty(len(groups), dtype=np.int64)
    place[members] = np.arange(len(members))
    classes = int(answers.max()) + 1
    counted = np.bincount(place[groups] * classes + answers, minlength=len(members) * classes)
    return counted.reshape(len(members), classes)
