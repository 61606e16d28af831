"""From predictions to metrics with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import resampling
from shipworthy.evaluation.intervals import Interval, wilson
from shipworthy.evaluation.metric import metric, right_rows
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

LEVEL = 0.95


def scored(name: str, task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[Any] | None:
    """Each row by a metric (see metric.Metric.score); None where the predictions lack what it takes.

    Raises:
        UsageError: an extension's metric does not say what its KIND promises.
        ValueError: not as many predictions as answers.
    """
    if len(predictions) != len(answers):
        raise ValueError(f"{len(predictions)} predictions beside {len(answers)} answers")
    rows = metric(name).score(task, predictions, answers)
    if rows is None:
        return None
    kind = metric(name).KIND
    promised = rows.dtype == bool if kind == "right" else np.issubdtype(rows.dtype, np.floating)
    if not promised or len(rows) != len(answers) or (kind != "whole" and rows.ndim > 1):
        raise UsageError(
            f"metric '{name}' is of the kind '{kind}' and says {rows.dtype} of shape {rows.shape} of {len(answers)} "
            "rows: let its score() return one bool for each (right), one float (mean), or rows of floats (whole)."
        )
    return rows


def decided(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[Any]:
    """Each row by the task's deciding metric.

    Raises:
        UsageError: the predictions lack what it takes.
    """
    rows = scored(task.metric, task, predictions, answers)
    if rows is None:
        raise UsageError(
            f"task.metric={task.metric} cannot decide, for not every candidate gives what it takes (probabilities, or "
            "a number): choose another metric, or other baselines."
        )
    return rows


def correct(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.bool_] | None:
    """Which rows are right by the task's usual metric, shape (n,); None where it knows no right or wrong."""
    return scored(task.usual, task, predictions, answers) if metric(task.usual).KIND == "right" else None


def by_row(task: Task) -> str:
    """The metric that says how good single rows are: the deciding one, or the usual one where that does not."""
    return task.metric if metric(task.metric).KIND != "whole" else task.usual


def goodness(name: str, task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Each row by a metric of rows, turned so that more is better; shape (n,)."""
    rows = scored(name, task, predictions, answers)
    assert rows is not None, f"{name} needs nothing that a model can lack"
    return rows.astype(np.float64) if metric(name).GREATER_IS_BETTER else -rows.astype(np.float64)


def value(name: str, rows: NDArray[Any]) -> float:
    """A metric of scored rows, without its interval."""
    if metric(name).KIND != "whole":
        return float(rows.mean())
    return float(metric(name).statistic(rows, np.ones((1, len(rows))))[0])


def interval(name: str, rows: NDArray[Any], how: Resampling) -> Interval:
    """A metric of scored rows with its 95% interval.

    That of a share is Wilson's, of all else BCa; rows that belong together count, and are drawn, together.

    Raises:
        ValueError: no rows, or the metric has no value on them.
    """
    (found,) = intervals({name: rows}, how).values()
    return found


def intervals(by_name: Mapping[str, NDArray[Any]], how: Resampling) -> dict[str, Interval]:
    """The same of several metrics; all means by the same resamples.

    Raises:
        ValueError: no rows, or a metric has no value on them.
    """
    if not how.n:
        raise ValueError("there are no rows")
    found = {name: one for name, rows in by_name.items() if (one := _share(name, rows, how))}
    means = [name for name in by_name if metric(name).KIND != "whole" and name not in found]
    resampled = {}
    if means:
        table = np.column_stack([by_name[name].astype(np.float64) for name in means])
        resampled = dict(zip(means, resampling.of_means(table, how), strict=True))
    for name, rows in by_name.items():
        if name not in found:
            whole = resampled.get(name) or resampling.of_statistic(rows, metric(name).statistic, how)
            found[name] = Interval.of(whole, LEVEL)
    return {name: found[name] for name in by_name}


def _share(name: str, rows: NDArray[Any], how: Resampling) -> Interval | None:
    """Of a share of rows, or of some of them; None where it is none, or no row counts."""
    right_N = right_rows(metric(name), rows)
    if right_N is None or not (counts_N := ~np.isnan(right_N)).any():
        return None
    told = resampling.effective(right_N[counts_N], how.of(counts_N))
    return wilson(int(right_N[counts_N].sum()), int(counts_N.sum()), LEVEL, told)


def every(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> dict[str, NDArray[Any]]:
    """The scored rows of every metric of the task, the deciding one first; without those that have no value.

    Raises:
        ValueError: not as many predictions as answers.
    """
    rows = {name: scored(name, task, predictions, answers) for name in task.measured}
    return {name: one for name, one in rows.items() if one is not None and not np.isnan(value(name, one))}


def summary(
    task: Task, predictions: Sequence[Prediction], answers: Sequence[str], how: Resampling
) -> dict[str, Interval]:
    """Each of `every` with its 95% interval.

    Raises:
        ValueError: no rows, or not as many predictions as answers.
    """
    return intervals(every(task, predictions, answers), how)
