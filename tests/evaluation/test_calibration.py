from dataclasses import replace

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.evaluation import calibration
from shipworthy.evaluation.tasks.classification.schema import Classification
from shipworthy.evaluation.tasks.regression.schema import Regression
from shipworthy.models.conformal import Conformal
from shipworthy.models.numbers import predicted

TASK = Regression(name="t", description="d", baselines=["median"], interval=0.9)
CLASSES = Classification(name="t", description="d", baselines=["majority"])


def test_intervals_are_told_where_a_task_asks_for_them() -> None:
    given, answers = predicted([0.0] * 9), [str(error) for error in range(1, 10)]
    assert calibration.interval(TASK, given, answers) == Conformal(0.9, 9.0)
    for task in (replace(TASK, interval=0.0), CLASSES):
        assert calibration.interval(task, given, answers) is None


def test_too_few_validation_rows_are_refused() -> None:
    calibration.check(TASK, 9)
    calibration.check(CLASSES, 0)
    calibration.check(replace(TASK, interval=0.0), 0)
    with pytest.raises(UsageError, match="task.interval=0.9 takes 9 validation rows or more, and there are 8: give"):
        calibration.check(TASK, 8)
    with pytest.raises(UsageError, match="takes 99 validation rows"):
        calibration.check(replace(TASK, interval=0.99), 98)
