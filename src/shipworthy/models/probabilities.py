"""Probabilities of classes by their names, as light as a row of an array.

N rows   K classes
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.protocol import Prediction


class Probabilities(Mapping[str, float]):
    """Class → probability; the names are shared by all rows.

    Args:
        classes: in the order of the values.
        values_K: shape (K,).
    """

    __slots__ = ("classes", "values_K")

    def __init__(self, classes: tuple[str, ...], values_K: NDArray[np.floating]) -> None:
        self.classes = classes
        self.values_K = values_K

    def __getitem__(self, name: str) -> float:
        try:
            return float(self.values_K[self.classes.index(name)])
        except ValueError:
            raise KeyError(name) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self.classes)

    def __len__(self) -> int:
        return len(self.classes)

    def __repr__(self) -> str:
        return repr(dict(self))


def of_rows(classes: tuple[str, ...], values_NK: NDArray[np.floating]) -> list[Probabilities]:
    """One for each row."""
    return [Probabilities(classes, values_K) for values_K in values_NK]


def of_two(second_N: NDArray[np.floating]) -> NDArray[np.float64]:
    """The probabilities of both of two classes, shape (N, 2), from that of the second."""
    second_N = second_N.astype(np.float64)
    return np.column_stack([1 - second_N, second_N])


def most_likely(classes: Sequence[str], values_NK: NDArray[np.floating]) -> list[Prediction]:
    """For each row the most likely class (of equals the first) with the probabilities of all."""
    names = tuple(classes)
    best_N = values_NK.argmax(axis=1).tolist()
    every = of_rows(names, values_NK.astype(np.float64, copy=False))
    return [Prediction(names[best], one) for best, one in zip(best_N, every, strict=True)]


def known_classes(given: Sequence[Mapping[str, float]]) -> tuple[str, ...]:
    """The classes that any of them names, in the order in which they come."""
    shared = {id(one.classes): one.classes for one in given if isinstance(one, Probabilities)}
    if len(shared) == 1 and all(isinstance(one, Probabilities) for one in given):
        return next(iter(shared.values()))
    return tuple(dict.fromkeys(name for one in given for name in one))


def matrix(given: Sequence[Mapping[str, float] | None], classes: tuple[str, ...]) -> NDArray[np.float64] | None:
    """The probabilities of these classes, shape (N, K), 0 where a model knows none; None if a row has none."""
    known = [one for one in given if one is not None]
    return None if len(known) < len(given) else of_all(known, classes)


def of_all(given: Sequence[Mapping[str, float]], classes: tuple[str, ...]) -> NDArray[np.float64]:
    """The same where every row has some."""
    alike = [one.values_K for one in given if isinstance(one, Probabilities) and one.classes == classes]
    rows = alike if len(alike) == len(given) else [[one.get(name, 0.0) for name in classes] for one in given]
    return np.array(rows, dtype=np.float64).reshape(len(given), len(classes))
