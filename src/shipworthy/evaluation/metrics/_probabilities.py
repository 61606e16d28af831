"""The probabilities of all rows as a table."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.probabilities import matrix
from shipworthy.models.protocol import Prediction


def table(predictions: Sequence[Prediction]) -> tuple[tuple[str, ...], NDArray[np.float64]] | None:
    """Every class that any row knows, and its probabilities, shape (n, classes); None where a row has none."""
    given = [p.probabilities for p in predictions]
    classes = tuple(dict.fromkeys(name for one in given if one is not None for name in one))
    known = matrix(given, classes)
    return None if known is None or not classes else (classes, known)


def of_answers(classes: tuple[str, ...], known: NDArray[np.float64], answers: Sequence[str]) -> NDArray[np.float64]:
    """Each row's probability of its answer, 0 of a class that no row knows; shape (n,)."""
    place = {name: i for i, name in enumerate(classes)}
    where = np.array([place.get(answer, len(classes)) for answer in answers], dtype=np.intp)
    found: NDArray[np.float64] = np.column_stack([known, np.zeros(len(known))])[np.arange(len(known)), where]
    return found
