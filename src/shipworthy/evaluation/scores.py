"""From predictions to metrics, each a module of metrics/, ours or an extension's, found by its name."""

from collections.abc import Sequence
from functools import cache
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.core.extensions import parts
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.intervals import Interval, bootstrap, wilson
from shipworthy.evaluation.tasks.schema import METRICS, Task
from shipworthy.models.protocol import Prediction

MODULES = Lazy("shipworthy.evaluation.metrics.{task.measured}")


class Metric(Protocol):
    """A module that compares predictions with answers.

    Attributes:
        TITLE: what reports call it.
        GREATER_IS_BETTER: only such a metric can decide.
        PER_ROW: a row is right or wrong, and the metric is the share of the right ones; only such a metric can decide.
            Otherwise it is one number of all rows, which the module's `statistic(rows) -> float` computes.
    """

    TITLE: str
    GREATER_IS_BETTER: bool
    PER_ROW: bool

    def score(self, task: Any, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[Any] | None:
        """Which rows are right, bool of shape (n,), if `PER_ROW`; else what `statistic` takes, of shape (n, …).

        None where the predictions lack what it takes.
        """
        ...


@cache
def metric(name: str) -> Metric:
    """The metric of this name.

    Raises:
        UsageError: there is none.
    """
    found = parts(METRICS)
    if name not in found:
        raise UsageError(f"There is no metric '{name}': choose one of {', '.join(found)}.")
    module: Metric = MODULES.load(name)
    return module


def metric_name(name: str) -> str:
    """What reports call a metric, or another number of a training: `exact_match` → `exact match`."""
    return metric(name).TITLE if name in parts(METRICS) else name.replace("_", " ")


def is_share(name: str) -> bool:
    """Whether it is a share of the rows, which reports give in percent."""
    return metric(name).PER_ROW if name in parts(METRICS) else True


def correct(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_]:
    """Which rows are right by the task's deciding metric; shape (n,).

    Raises:
        UsageError: the metric cannot decide, for it isn't the share of right rows.
        ValueError: not as many predictions as answers.
    """
    decides = metric(task.metric)
    if not (decides.PER_ROW and decides.GREATER_IS_BETTER):
        raise UsageError(
            f"task.metric={task.metric} cannot decide, for it is not the share of right rows: name it in task.metrics "
            f"instead, and let {task.deciding[0]} decide."
        )
    rows = _scored(task.metric, task, predictions, answers)
    assert rows is not None, "what is right or wrong by row needs nothing but the predictions' text"
    return rows


def summary(task: Task, predictions: Sequence[Prediction], answers: Sequence[str], seed: int) -> dict[str, Interval]:
    """Every metric of the task with its 95% interval, the deciding one first.

    Raises:
        ValueError: no rows, or not as many predictions as answers.
    """
    found = {}
    for name in task.measured:
        if (rows := _scored(name, task, predictions, answers)) is not None:
            one: Any = metric(name)
            found[name] = wilson(int(rows.sum()), len(rows)) if one.PER_ROW else bootstrap(rows, one.statistic, seed)
    return found


def _scored(name: str, task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[Any] | None:
    if len(predictions) != len(answers):
        raise ValueError(f"{len(predictions)} predictions beside {len(answers)} answers")
    rows = metric(name).score(task, predictions, answers)
    if rows is not None and metric(name).PER_ROW and (rows.dtype != bool or rows.shape != (len(answers),)):
        raise UsageError(
            f"metric '{name}' says {rows.dtype} of shape {rows.shape} where it must say right or wrong of each of "
            f"{len(answers)} rows: let its score() return bools, or set PER_ROW = False."
        )
    return rows
