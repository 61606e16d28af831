"""Sets of labels, as answers and predictions write them: a JSON list."""

import json
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.protocol import Prediction

Sets = list[frozenset[str]]


def labels(text: str) -> frozenset[str]:
    """The labels of a JSON list; what is none counts as one label, the text itself, so that it is wrong."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return frozenset([text])
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        return frozenset([text])
    return frozenset(found)


def both(predictions: Sequence[Prediction], answers: Sequence[str]) -> tuple[Sets, Sets]:
    """The labels of each prediction, and of each answer."""
    if len(predictions) != len(answers):
        raise ValueError(f"{len(predictions)} predictions beside {len(answers)} answers")
    return [labels(p.text) for p in predictions], [labels(answer) for answer in answers]


def indicators(predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Whether each label is in the answer, and in the prediction; shape (n, labels + 1, 2).

    The labels are those of the answers, so that candidates have rows of one shape; the last stands for all others.
    """
    said, right = both(predictions, answers)
    place = {label: i for i, label in enumerate(sorted(frozenset().union(*right)))}
    table = np.zeros((len(answers), len(place) + 1, 2))
    for row, (mine, true) in enumerate(zip(said, right, strict=True)):
        table[row, [place[label] for label in true], 0] = 1
        table[row, [place.get(label, len(place)) for label in mine], 1] = 1
    return table
