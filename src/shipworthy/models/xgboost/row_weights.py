"""Weights of rows by their classes.

N rows   K classes
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.class_weight import NONE


def of_rows(class_weight: str, train: Any, rows: Any) -> NDArray[np.float64] | None:
    """How much each row counts, shape (N,): n rows of train / (K * those of its class); None where all count alike.

    Args:
        train: the classes of its rows, as numbers, shape (rows of train,).
        rows: those of the rows that are weighted, shape (N,); train has each of them.
    """
    if class_weight == NONE:
        return None
    from sklearn.utils.class_weight import compute_class_weight  # here, for predicting needs no scikit-learn

    classes_K = np.unique(train)
    weights_K = compute_class_weight(class_weight, classes=classes_K, y=np.array(train))
    found_N: NDArray[np.float64] = weights_K[np.searchsorted(classes_K, rows)]
    return found_N
