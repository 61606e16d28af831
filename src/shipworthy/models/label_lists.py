"""Answers that are lists of labels: how they are written, what a family reads of train, and what it says.

N rows   K labels
"""

import json
from collections.abc import Iterable, Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.models import rows as read
from shipworthy.models.probabilities import of_rows
from shipworthy.models.protocol import Prediction

LIKELY = 0.5
"""A label is said that is more likely than this."""


def written(labels: Iterable[str]) -> str:
    """The labels as an answer: a JSON list, sorted, each once."""
    return json.dumps(sorted(set(labels)), ensure_ascii=False)


def lists(rows: pl.DataFrame) -> list[list[str]]:
    """The labels of each row.

    Raises:
        ArtifactError: there are no answers, or one is no list of labels.
    """
    found = []
    for answer in read.answers(rows):
        try:
            labels = json.loads(answer)
        except ValueError:
            labels = None
        if not isinstance(labels, list) or not all(isinstance(one, str) for one in labels):
            raise ArtifactError(
                f"The answer '{answer}' is no list of labels: make the dataset with a task of multi_label."
            )
        found.append(labels)
    return found


def names(given: Iterable[Iterable[str]]) -> list[str]:
    """The labels that any row has, sorted.

    Raises:
        ShipworthyError: no row has one.
    """
    found = sorted({label for labels in given for label in labels})
    if not found:
        raise ShipworthyError("No row of train has a label, so there is nothing to learn: give it more rows.")
    return found


def indicators(given: Sequence[Iterable[str]], labels: Sequence[str]) -> NDArray[np.float32]:
    """1 where a row has a label, else 0; shape (N, K). Labels that are none of these do not count."""
    place = {label: number for number, label in enumerate(labels)}
    table_NK = np.zeros((len(given), len(labels)), dtype=np.float32)
    for row, own in enumerate(given):
        table_NK[row, [place[label] for label in own if label in place]] = 1
    return table_NK


def predicted(labels: Sequence[str], values_NK: NDArray[np.floating]) -> list[Prediction]:
    """For each row the labels that are LIKELY, with the probability of every label on its own."""
    every = of_rows(tuple(labels), values_NK.astype(np.float64, copy=False))
    said = [written(label for label, value in one.items() if value > LIKELY) for one in every]
    return [Prediction(text, one) for text, one in zip(said, every, strict=True)]
