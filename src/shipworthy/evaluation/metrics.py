"""From predictions to metrics; each kind of task has its own in `tasks/<kind>.py`.

Such a file holds `per_row(task, predictions, answers) -> {metric: bool per row}` and
`more(task, predictions, answers, seed) -> {metric: Interval}` for what is not a mean over rows.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

TASKS = Lazy("shipworthy.evaluation.tasks.{task.kind}")


def correct(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows are right by the task's deciding metric; shape (n,).

    Raises:
        ValueError: not as many predictions as answers.
    """
    return _per_row(task, predictions, answers)[task.metric]


def summary(task: Task, predictions: Sequence[Prediction], answers: Sequence[str], seed: int) -> dict[str, Interval]:
    """Every metric of the task with its 95% interval, the deciding one first.

    Raises:
        ValueError: no rows, or not as many predictions as answers.
    """
    rows = _per_row(task, predictions, answers)
    names = [task.metric, *(name for name in rows if name != task.metric)]
    shares = {name: wilson(int(rows[name].sum()), len(answers)) for name in names}
    return {**shares, **_problem(task).more(task, predictions, answers, seed)}


def _per_row(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> dict[str, NDArray[np.bool_]]:
    if len(predictions) != len(answers):
        raise ValueError(f"{len(predictions)} predictions beside {len(answers)} answers")
    rows: dict[str, NDArray[np.bool_]] = _problem(task).per_row(task, predictions, answers)
    return rows


def _problem(task: Task) -> Any:
    return TASKS.load(task)
