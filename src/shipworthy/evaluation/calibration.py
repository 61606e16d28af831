"""How wide a model's intervals are: what a task asks for, told by validation."""

from collections.abc import Sequence

from shipworthy.core.errors import UsageError
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import bounded, conformal
from shipworthy.models.conformal import Conformal
from shipworthy.models.protocol import Prediction


def check(task: Task, validation: int) -> None:
    """Checks that so many validation rows can tell the intervals that a task asks for.

    Raises:
        UsageError: they can't.
    """
    if not isinstance(task, Regression) or not task.interval:
        return
    if validation < (needed := conformal.rows_needed(task.interval)):
        raise UsageError(
            f"task.interval={task.interval:g} takes {needed:,} validation rows or more, and there are {validation:,}: "
            "give data.split.validation more, or lower task.interval."
        )


def interval(task: Task, given: Sequence[Prediction], answers: Sequence[str]) -> Conformal | None:
    """What the answers to validation tell of intervals; None where the task asks for none.

    They are the rows that a fit may have been stopped by, or a model chosen, so that it knows them a little: on rows of
    test intervals may hold a little less than was asked for, and their coverage there says how much.
    """
    if not isinstance(task, Regression) or not task.interval:
        return None
    return bounded.learn(task.interval, given, answers)
