"""A model's answers to the validation documents, and its metric on them: what it was selected on."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl
from numpy.typing import NDArray

from shipworthy.evaluation import predictions, scores
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.documents import documents, voted
from shipworthy.models.protocol import Prediction
from shipworthy.models.rows import groups

ANSWERS = "validation.parquet"


@dataclass(frozen=True)
class Answers:
    """Answers in the order of the documents (see models/documents.py).

    Attributes:
        name: of the task's deciding metric.
        ids, predictions: of each document.
        scored: each by that metric; shape (n, ...).
        correct: right or wrong, where the task's usual metric says so; shape (n,).
        groups: which documents belong together (see models/rows.py), shape (n,); None: each stands alone.
    """

    name: str
    ids: pl.Series
    predictions: Sequence[Prediction]
    scored: NDArray[Any]
    correct: NDArray[Any] | None
    groups: NDArray[Any] | None

    @classmethod
    def of(cls, task: Task, rows: pl.DataFrame, answered: Sequence[Prediction]) -> "Answers":
        """The answers to `rows` (with `id` and `answer`), one for each, put to a vote and scored."""
        asked, given = documents(rows), voted(rows, answered)
        right = asked["answer"].to_list()
        scored = scores.decided(task, given, right)
        return cls(task.metric, asked["id"], given, scored, scores.correct(task, given, right), groups(asked))

    @cached_property
    def metric(self) -> float:
        """Its value."""
        return scores.value(self.name, self.scored)

    def write(self, path: Path) -> None:
        """One row each (see evaluation/predictions.py)."""
        more = {"scored": self.scored, "correct": self.correct, "group": self.groups}
        predictions.write(path, self.ids, self.predictions, more)


def interval(path: Path, metric: str) -> dict[str, float]:
    """The metric of the answers in a file: value, low, high, level, n.

    It holds for one model; that of the best of several validations is a little too good, for it was chosen on these
    rows.
    """
    frame = predictions.scored(path)
    found = scores.interval(metric, predictions.rows(frame), predictions.resampling(frame))
    return {**found.to_json(), "n": frame.height}


def validated(rows: pl.DataFrame) -> dict[str, Any]:
    """What the metric was measured on: `n` documents, and `sha256` of their ids and right answers, in any order.

    Trainings on other columns of the same rows have the same: their answers can be paired.
    """
    asked = documents(rows).select(pl.col("id").cast(pl.String), pl.col("answer").cast(pl.String)).sort("id", "answer")
    lines = json.dumps(asked.rows(), ensure_ascii=False)
    return {"n": asked.height, "sha256": sha256(lines.encode()).hexdigest()}
