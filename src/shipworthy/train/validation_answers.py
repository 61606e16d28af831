"""A model's answers to the validation documents, and its metric on them: what it was selected on."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from numpy.typing import NDArray

from shipworthy.evaluation import predictions
from shipworthy.evaluation.intervals import wilson
from shipworthy.evaluation.scores import correct
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import parquet
from shipworthy.models.documents import documents, voted
from shipworthy.models.protocol import Prediction

ANSWERS = "validation.parquet"


@dataclass(frozen=True)
class Answers:
    """Answers in the order of the documents (see models/documents.py).

    Attributes:
        ids, predictions: of each document.
        right: whether the task's deciding metric takes it for right; shape (n,).
    """

    ids: pl.Series
    predictions: Sequence[Prediction]
    right: NDArray[np.bool_]

    @classmethod
    def of(cls, task: Task, rows: pl.DataFrame, answered: Sequence[Prediction]) -> "Answers":
        """The answers to `rows` (with `id` and `answer`), one for each, put to a vote and judged."""
        asked, given = documents(rows), voted(rows, answered)
        return cls(asked["id"], given, correct(task, given, asked["answer"].to_list()))

    @property
    def metric(self) -> float:
        """The share of right ones."""
        return float(self.right.mean())

    def write(self, path: Path) -> None:
        """One row each: id, prediction, score, correct."""
        predictions.write(path, self.ids, self.predictions, self.right)


def interval(path: Path) -> dict[str, float]:
    """The metric of the answers in a file: value, low, high, level, n.

    Every task's deciding metric is a share of rows, so that this is Wilson's interval. It holds for one model; that of
    the best of several validations is a little too good, for it was chosen on these rows.
    """
    right = parquet.read(path)["correct"]
    return {**wilson(int(right.sum()), len(right)).to_json(), "n": len(right)}
