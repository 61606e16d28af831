"""How a judge grades each of two candidates by the criteria of a rubric, from 1 to 5."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.judges import replies
from shipworthy.evaluation.judges.pairwise import Said
from shipworthy.evaluation.judges.questions import SIDES, Rows


@dataclass(frozen=True)
class Grades:
    """What was found.

    Attributes:
        rows: the places of those of which both candidates were graded.
        by_side: TUNED and BASELINE → grades, the mean over draws; shape (n, criteria).
    """

    rows: NDArray[np.intp]
    by_side: dict[str, NDArray[np.float64]]

    def scores(self, side: str) -> NDArray[np.float64]:
        """Each row's score, the mean over the criteria."""
        means: NDArray[np.float64] = self.by_side[side].mean(axis=1)
        return means


def grades(rows: Rows, said: Said, criteria: Sequence[str], draws: int) -> Grades:
    """The grades that follow from the replies."""
    places: list[int] = []
    found: dict[str, list[NDArray[np.float64]]] = {side: [] for side in SIDES}
    for row in range(len(rows)):
        read = {
            side: [one for draw in range(draws) if (one := replies.grades(said.get((row, side, draw), ""), criteria))]
            for side in SIDES
        }
        if all(read.values()):
            places.append(row)
            for side in SIDES:
                found[side].append(np.mean(read[side], axis=0))
    width = len(criteria)
    return Grades(
        np.array(places, dtype=np.intp),
        {side: np.array(one, dtype=np.float64).reshape(-1, width) for side, one in found.items()},
    )
