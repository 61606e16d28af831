"""A campaign of which nothing came is an error, with the first failure and its log; one that gave something is none."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.execution.campaigns.handle import TrialHandle
from shipworthy.execution.campaigns.outcome import expect_results
from shipworthy.execution.campaigns.worker import Worker
from tests.execution.campaigns.cheap import Cheap, new


def fails_from(first: int) -> Callable[[TrialHandle], None]:
    def odd(trial: TrialHandle) -> None:
        if trial.number >= first:
            raise ShipworthyError(f"trial {trial.number} has no room: take fewer rows.")

    return odd


@pytest.mark.parametrize("plan", [None, [{"name": f"v{n}", "overrides": [f"seed={n}"]} for n in range(3)]])
def test_all_failed_is_an_error_that_names_the_first_and_its_log(tmp_path: Path, plan: object) -> None:
    campaign = new(tmp_path, plan=plan, budget={"trials": 3})
    Worker(campaign, 1).work(Cheap(campaign, fails_from(0)))
    with pytest.raises(ShipworthyError) as caught:
        expect_results(campaign)
    log = tmp_path / "workers" / "1" / "log.txt"
    said = "all 3 trials failed; the first of them, trial 0: trial 0 has no room: take fewer rows"
    assert str(caught.value) == f"{said} (whole log: {log})." and caught.value.exit_code == 1


def test_some_failed_is_none(tmp_path: Path) -> None:
    campaign = new(tmp_path, budget={"trials": 3})
    Worker(campaign, 0).work(Cheap(campaign, fails_from(1)))
    expect_results(campaign)
