"""The best validation, whichever direction the metric has."""

from math import nan

import pytest

from shipworthy.train.lightning.progress import Progress


@pytest.mark.parametrize(("greater", "best"), [(True, (0.6, 20)), (False, (0.2, 30))])
def test_the_best_is_the_first_of_the_best_by_the_metrics_direction(greater: bool, best: tuple[float, int]) -> None:
    progress = Progress()
    noted = [
        progress.note_validation(value, 10 * step, greater_is_better=greater)
        for step, value in enumerate((0.4, 0.6, 0.2, 0.6, 0.2), 1)
    ]
    assert progress.best == best
    assert noted == [True, greater, not greater, False, False]


@pytest.mark.parametrize("greater", [True, False])
def test_a_metric_without_a_value_is_never_the_best_for_long(greater: bool) -> None:
    progress = Progress()
    noted = [
        progress.note_validation(value, step, greater_is_better=greater)
        for step, value in enumerate((nan, nan, 0.3, nan))
    ]
    assert noted == [True, False, True, False] and progress.best == (0.3, 2)
