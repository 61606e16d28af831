"""Connected components, each labelled by its lowest member."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

Rows = NDArray[np.int32]


def merge_components(labels: Rows, left: NDArray[Any], right: NDArray[Any]) -> Rows:
    """Merges the components of left[i] and right[i], for all i.

    Args:
        labels: shape (n,), for each member the lowest of its component.
        left, right: shape (m,), members.
    """
    if not len(left):
        return labels
    pairs = np.stack([labels[left], labels[right]])
    known, places = np.unique(pairs, return_inverse=True)
    a, b = places.reshape(2, -1)
    graph = coo_array((np.ones(len(a), np.int8), (a, b)), shape=(len(known), len(known)))
    _, component = connected_components(graph, directed=False)
    _, first = np.unique(component, return_index=True)
    renamed = np.arange(len(labels), dtype=np.int32)
    renamed[known] = known[first[component]]
    return renamed[labels]
