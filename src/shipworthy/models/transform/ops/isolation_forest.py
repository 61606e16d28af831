"""A new column: 1 where a row is easy to isolate, else 0 (Liu, Ting and Zhou 2008, ICDM: isolation forest).

Shapes: N rows, F columns.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..replay import Columns


class Forest:
    """The trees of a fitted forest.

    Args:
        step: `columns`, `fill` (column → what stands for a missing value), `rows` (per tree), `trees`: each with
            `feature` (-1: leaf), `threshold`, `left`, `right` and `depth` (of a leaf, with what its rows would still
            need), one entry per node.
    """

    def __init__(self, step: dict[str, Any]) -> None:
        self.columns, self.fill = step["columns"], step["fill"]
        self.usual = usual_depth(step["rows"])
        self.trees = [
            tuple(np.array(tree[part]) for part in ("feature", "threshold", "left", "right", "depth"))
            for tree in step["trees"]
        ]

    def scores(self, columns: Columns) -> NDArray[np.float64]:
        """Shape (N,), 0 to 1: near 1 where few cuts are enough, 0.5 and less for what is usual."""
        values_NF = np.column_stack(
            [np.where(np.isnan(columns[name]), self.fill[name], columns[name]) for name in self.columns]
        ).astype(np.float32)
        total_N = np.zeros(len(values_NF))
        for tree in self.trees:
            total_N += _depths(tree, values_NF)
        return np.exp2(-total_N / len(self.trees) / self.usual)


def make(step: dict[str, Any]) -> Callable[[Columns], None]:
    """What `Forest` takes, `threshold` (the score from which on a row is marked) and `output`."""
    forest = Forest(step)

    def apply(columns: Columns) -> None:
        columns[step["output"]] = (forest.scores(columns) > step["threshold"]).astype(np.float64)

    return apply


def usual_depth(rows: int) -> float:
    """The mean depth of an unsuccessful search in a binary tree of so many rows (Liu et al., equation 1)."""
    if rows <= 2:
        return max(0.0, rows - 1.0)
    return 2 * (float(np.log(rows - 1)) + float(np.euler_gamma)) - 2 * (rows - 1) / rows


def _depths(tree: tuple[NDArray[Any], ...], values_NF: NDArray[np.float32]) -> NDArray[np.float64]:
    feature, threshold, left, right, depth = tree
    node_N = np.zeros(len(values_NF), dtype=np.int64)
    going = np.flatnonzero(feature[node_N] >= 0)
    while len(going):
        at = node_N[going]
        goes_left = values_NF[going, feature[at]] <= threshold[at]
        node_N[going] = np.where(goes_left, left[at], right[at])
        going = going[feature[node_N[going]] >= 0]
    result: NDArray[np.float64] = depth[node_N]
    return result
