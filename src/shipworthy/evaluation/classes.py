"""A classifier class by class: what it confuses and finds, and whether its probabilities can be believed."""

from collections import Counter
from collections.abc import Sequence, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.resampling import Resampling, effective
from shipworthy.models.probabilities import known_classes, matrix
from shipworthy.models.protocol import Prediction

MOST_CLASSES = 20
"""Of more, the most frequent ones are in the tables; the rest counts as OTHERS."""
OTHERS = "(others)"
BINS = 10
"""Of the calibration curve, of equal width."""
THRESHOLDS = 19
"""Of the threshold curve, evenly from 0.05 to 0.95."""


def by_class(given: Sequence[Prediction], answers: Sequence[str], positive: str = "") -> dict[str, Any]:
    """What evaluation.json says of a classifier: `confusion`, `classes`, `calibration` and `thresholds`.

    The last two are None where the predictions have no probabilities, `thresholds` also of more than two classes.

    Args:
        given: its predictions.
        answers: the right ones.
        positive: of two classes the one that thresholds are of (empty: the rarer one).
    """
    frequent = [name for name, _ in Counter(answers).most_common()]
    shown = sorted(frequent[:MOST_CLASSES])
    names = [*shown, *([OTHERS] if len(frequent) > MOST_CLASSES or _unknown(given, frequent) else [])]
    place = {name: i for i, name in enumerate(shown)}
    said, true = (
        np.array([place.get(one, len(shown)) for one in texts]) for texts in ([p.text for p in given], answers)
    )
    confusion = np.zeros((len(names), len(names)), dtype=np.int64)
    np.add.at(confusion, (true, said), 1)
    return {
        "confusion": {"classes": names, "rows": confusion.tolist()},
        "classes": [_one(name, [{p.text} for p in given], [{answer} for answer in answers]) for name in shown],
        "calibration": _calibration(given, answers),
        "thresholds": _thresholds(given, answers, positive or frequent[-1]) if len(frequent) == 2 else None,
    }


def by_label(given: Sequence[Prediction], said: Sequence[Set[str]], answers: Sequence[Set[str]]) -> dict[str, Any]:
    """The same of several labels a row; `confusion` and `thresholds` are None, for nothing is taken for another.

    Args:
        given: the predictions.
        said: each row's labels, as they are predicted.
        answers: the right ones.
    """
    frequent = [label for label, _ in Counter(label for own in answers for label in own).most_common(MOST_CLASSES)]
    found = [_one(label, said, answers) for label in sorted(frequent)]
    return {
        "confusion": None,
        "classes": found,
        "calibration": _calibration_of_labels(given, answers),
        "thresholds": None,
    }


def _unknown(given: Sequence[Prediction], classes: Sequence[str]) -> bool:
    return not {p.text for p in given} <= set(classes)


def _one(name: str, given: Sequence[Set[str]], answers: Sequence[Set[str]]) -> dict[str, Any]:
    """Recall and precision of a class, with Wilson's intervals; precision is None where it is never said."""
    said_N = np.array([name in one for one in given])
    true_N = np.array([name in one for one in answers])
    found, rows, times = int((said_N & true_N).sum()), int(true_N.sum()), int(said_N.sum())
    return {
        "name": name,
        "rows": rows,
        "said": times,
        "recall": wilson(found, rows).to_json(),
        "precision": wilson(found, times).to_json() if times else None,
    }


def _calibration(given: Sequence[Prediction], answers: Sequence[str]) -> list[dict[str, Any]] | None:
    """By bins of the probability of the answer that was given: its mean, and how often that answer is right."""
    sure_N = _of(given, [p.text for p in given])
    if sure_N is None:
        return None
    right_N = np.array([p.text == answer for p, answer in zip(given, answers, strict=True)])
    return _binned(sure_N[:, None], right_N[:, None])


def _calibration_of_labels(given: Sequence[Prediction], answers: Sequence[Set[str]]) -> list[dict[str, Any]] | None:
    """By bins of a label's probability: its mean, and how often the label is there; all labels together."""
    labels = known_classes([p.probabilities for p in given if p.probabilities is not None])
    sure_NK = matrix([p.probabilities for p in given], labels)
    if sure_NK is None:
        return None
    return _binned(sure_NK, np.array([[label in own for label in labels] for own in answers], dtype=bool))


def _binned(sure_NK: NDArray[np.float64], right_NK: NDArray[np.bool_]) -> list[dict[str, Any]]:
    """How often what is so likely comes true; what belongs to one row goes together."""
    bins_NK = np.minimum((sure_NK * BINS).astype(int), BINS - 1)
    found = []
    for number in range(BINS):
        inside_NK = bins_NK == number
        if not inside_NK.any():
            continue
        right, rows = right_NK[inside_NK], np.nonzero(inside_NK)[0]
        told = effective(right.astype(np.float64), Resampling(len(right), rows))
        found.append(
            {
                "probability": float(sure_NK[inside_NK].mean()),
                "right": wilson(int(right.sum()), len(right), effective=told).to_json(),
                "rows": len(right),
            }
        )
    return found


def _thresholds(given: Sequence[Prediction], answers: Sequence[str], positive: str) -> dict[str, Any] | None:
    """Precision, recall and the share of rows that are called positive, where that is said from a threshold on."""
    sure_N = _of(given, [positive] * len(given))
    if sure_N is None:
        return None
    true_N = np.array([answer == positive for answer in answers])
    curve = []
    for threshold in np.linspace(0.05, 0.95, THRESHOLDS):
        said_N = sure_N >= threshold
        found, times = int((said_N & true_N).sum()), int(said_N.sum())
        curve.append(
            {
                "threshold": round(float(threshold), 4),
                "recall": found / int(true_N.sum()),
                "precision": found / times if times else None,
                "said": times / len(given),
            }
        )
    return {"positive": positive, "curve": curve}


def _of(given: Sequence[Prediction], classes: Sequence[str]) -> NDArray[np.float64] | None:
    """Each row's probability of one class; None where a row has none."""
    found = [
        None if p.probabilities is None else p.probabilities.get(name) for p, name in zip(given, classes, strict=True)
    ]
    return None if any(one is None for one in found) else np.array(found, dtype=np.float64)
