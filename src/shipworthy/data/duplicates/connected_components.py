"""Connected components, each labelled by its lowest member."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Rows = NDArray[np.int32]


class Components:
    """Members whose components are merged step by step; a step costs what its own pairs cost (a disjoint-set forest).

    Args:
        labels: shape (n,), for each member the lowest of its component; it is changed.
    """

    def __init__(self, labels: Rows) -> None:
        self._parent = labels

    def of(self, members: NDArray[Any]) -> Rows:
        """The lowest member of the components of these members."""
        found: Rows = self._parent[members]
        while True:
            above = self._parent[found]
            if np.array_equal(above, found):
                break
            found = above
        self._parent[members] = found
        return found

    def merge(self, left: NDArray[Any], right: NDArray[Any]) -> None:
        """Merges the components of left[i] and right[i], for all i."""
        if not len(left):
            return
        pairs = np.stack([self.of(left), self.of(right)])
        known, places = np.unique(pairs, return_inverse=True)
        a, b = places.reshape(2, -1)
        graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(known), len(known)))
        _, component = connected_components(graph, directed=False)
        _, first = np.unique(component, return_index=True)
        self._parent[known] = known[first[component]]

    def labels(self) -> Rows:
        """For each member the lowest of its component: shape (n,)."""
        while True:
            above = self._parent[self._parent]
            if np.array_equal(above, self._parent):
                return above
            self._parent = above


def merge_components(labels: Rows, left: NDArray[Any], right: NDArray[Any]) -> Rows:
    """Merges the components of left[i] and right[i], for all i.

    Args:
        labels: shape (n,), for each member the lowest of its component.
        left, right: shape (m,), members.
    """
    components = Components(labels.copy())
    components.merge(left, right)
    return components.labels()
