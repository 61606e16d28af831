"""The loop that looks after a campaign, with slots in memory whose workers do as the test says."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.execution.campaigns.supervise import MOST_LOSSES, Supervisor
from shipworthy.execution.campaigns.worker import Worker
from shipworthy.execution.executors.protocol import SlotStatus
from shipworthy.track.hpo.campaign import WINNER, Campaign
from tests.execution.campaigns.cheap import Cheap, new
from tests.execution.executors.fakes import DetachedMemory, Memory

FINISHED, FAILED, LOST, RUNNING = SlotStatus.FINISHED, SlotStatus.FAILED, SlotStatus.LOST, SlotStatus.RUNNING
Job = Callable[[int], SlotStatus]


@pytest.fixture(autouse=True)
def _nobody_asks():
    interrupt._asked.clear()
    yield
    interrupt._asked.clear()


def working(campaign: Campaign, trials: int = 99) -> Job:
    """A job that makes one trial each time it is polled, so many in all, and then ends."""
    workers: dict[int, Worker] = {}
    left = [trials]

    def job(number: int) -> SlotStatus:
        worker = workers.setdefault(number, Worker(campaign, number))
        if not left[0] or (handle := worker.take()) is None:
            return FINISHED
        left[0] -= 1
        worker._run(handle, Cheap(campaign))
        return RUNNING

    return job


def states(campaign: Campaign) -> list[str]:
    return [trial["state"] for trial in campaign.trials()]


def test_as_many_workers_as_there_are_slots_until_the_campaign_is_over(tmp_path: Path, capsys):
    campaign = new(tmp_path, budget={"trials": 7}, workers=3)
    executor = Memory(3, working(campaign))
    Supervisor(campaign, executor).supervise()
    assert states(campaign) == ["finished"] * 7
    assert executor.submitted == [[0, 1, 2]]
    assert executor.stopped == [True], "whatever is left is ended"
    assert " 7 finished; best metric" in capsys.readouterr().out


def test_no_more_workers_than_there_are_trials_to_take(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 2}, workers=5)
    executor = Memory(5, working(campaign))
    Supervisor(campaign, executor).supervise()
    assert executor.submitted == [[0, 1]]


def test_a_worker_that_has_not_begun_yet_is_not_submitted_for_twice(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 1}, workers=3)
    executor = Memory(3)  # they run, and take nothing
    supervisor = Supervisor(campaign, executor)
    for _ in range(4):
        assert not supervisor.advance()
    assert executor.submitted == [[0]]


def test_a_worker_that_ended_early_is_followed_by_another(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 5}, workers=1)
    executor = Memory(1)
    one = working(campaign, trials=2)
    rest = working(campaign)
    executor.job = lambda number: one(number) if len(executor.submitted) == 1 else rest(number)
    Supervisor(campaign, executor).supervise()
    assert states(campaign) == ["finished"] * 5
    assert executor.submitted == [[0], [0]]


def test_a_lost_worker_is_submitted_again(tmp_path: Path, capsys):
    campaign = new(tmp_path, budget={"trials": 4}, workers=2)
    executor, work = Memory(2), working(campaign)
    lost: list[int] = []

    def job(number: int) -> SlotStatus:
        if number == 1 and len(lost) < MOST_LOSSES - 1:
            lost.append(number)
            return LOST
        return work(number) if len(lost) == MOST_LOSSES - 1 else RUNNING

    executor.job = job
    Supervisor(campaign, executor).supervise()
    assert states(campaign) == ["finished"] * 4
    assert executor.submitted[:3] == [[0, 1], [1], [1]]
    assert capsys.readouterr().out.count("worker 1 was lost: so it ended; another takes its trial") == 2


@pytest.mark.parametrize("begins", [False, True])
def test_losses_count_in_a_row_and_only_before_a_trial_was_begun(tmp_path: Path, begins: bool):
    campaign = new(tmp_path, budget={"trials": 9}, workers=1)
    executor = Memory(1)

    def job(number: int) -> SlotStatus:
        if begins:
            worker = Worker(campaign, number)
            if (handle := worker.take()) is None:
                return FINISHED
            worker._run(handle, Cheap(campaign))
        return LOST

    executor.job = job
    if begins:
        Supervisor(campaign, executor).supervise()
        assert states(campaign) == ["finished"] * 9
        return
    said = rf"^worker 0 failed: it was lost {MOST_LOSSES} times in a row before it had begun a trial; so it ended\. \("
    with pytest.raises(ShipworthyError, match=said):
        Supervisor(campaign, executor).supervise()
    assert executor.submitted == [[0]] * MOST_LOSSES


def test_when_a_worker_failed_the_others_go_to_their_end_before_the_error(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 6}, workers=2)
    executor, work = Memory(2), working(campaign, trials=3)
    executor.job = lambda number: FAILED if number == 1 else work(number)
    with pytest.raises(ShipworthyError, match=r"^worker 1 failed: so it ended\. \("):
        Supervisor(campaign, executor).supervise()
    assert states(campaign) == ["finished"] * 3
    assert executor.submitted == [[0, 1]], "nothing is submitted any more"
    assert executor.stopped == [True]


def test_workers_that_outlive_the_supervisor_are_not_waited_for_when_one_failed(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 6}, workers=2)
    executor = DetachedMemory(2, lambda number: FAILED if number == 1 else RUNNING)
    with pytest.raises(ShipworthyError, match="worker 1 failed"):
        Supervisor(campaign, executor).supervise()
    assert [state.status for state in executor.states] == [RUNNING, FAILED]


def test_a_worker_s_failure_is_no_error_where_the_others_have_done_all(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 3}, workers=2)
    executor, work = Memory(2), working(campaign)
    executor.job = lambda number: FAILED if number == 1 else work(number)
    Supervisor(campaign, executor).supervise()
    assert states(campaign) == ["finished"] * 3


def test_cancelled_workers_are_not_submitted_again(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 6}, workers=2)
    executor = Memory(2)
    supervisor = Supervisor(campaign, executor)
    supervisor.advance()
    executor.end(1, SlotStatus.CANCELLED)
    supervisor.advance()
    assert executor.submitted == [[0, 1]]
    executor.end(0, SlotStatus.CANCELLED)
    with pytest.raises(ShipworthyError, match="its workers were cancelled"):
        supervisor.advance()


def test_workers_that_an_earlier_supervisor_submitted_are_found_at_work(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 4}, workers=4)
    executor = Memory(4)
    executor.submit([0, 1])
    worker = Worker(campaign, 0)
    assert worker.take() is not None
    executor.end(2, FAILED)
    executor.end(3, SlotStatus.CANCELLED)
    Supervisor(campaign, executor).advance()
    # One trial is taken, and one is about to be; how other workers ended before is not this supervisor's matter.
    assert executor.submitted == [[0, 1], [2, 3]]


def test_the_winner_of_a_search_is_measured_by_one_worker(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 3}, workers=2)
    campaign.record["kind"] = "tune"
    executor, work = Memory(2), working(campaign)
    measures: list[int] = []

    def job(number: int) -> SlotStatus:
        if not campaign.over(campaign.trials()):
            return work(number)
        if len(executor.submitted) > 1 and not measures:
            measures.append(number)
            write_json(campaign.folder / WINNER, {})
        return FINISHED

    executor.job = job
    Supervisor(campaign, executor).supervise()
    assert len(measures) == 1
    assert [len(slots) for slots in executor.submitted] == [2, 1]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_request_to_stop_is_handed_on_and_nothing_is_submitted_any_more(tmp_path: Path, how: signal.Signals):
    campaign = new(tmp_path, budget={"trials": 9}, workers=2)
    executor = Memory(2)

    def job(number: int) -> SlotStatus:
        if not executor.stopped:
            os.kill(os.getpid(), how)
        return RUNNING

    executor.job = job
    with pytest.raises(StopRequestedError, match=f"stopped by {how.name}: the trials that ran are saved"):
        Supervisor(campaign, executor).supervise()
    assert executor.stopped == [False, True]
    assert executor.submitted == [[0, 1]]


class Deaf(Memory):
    """Its workers take their time to stop."""

    def stop(self, *, kill: bool = False) -> None:
        if kill:
            super().stop(kill=kill)
        else:
            self.stopped.append(kill)


def test_asked_twice_it_does_not_wait(tmp_path: Path):
    campaign = new(tmp_path, budget={"trials": 9}, workers=1)
    executor = Deaf(1)
    polls: list[int] = []

    def job(number: int) -> SlotStatus:
        polls.append(number)
        if len(polls) in (1, 9):
            os.kill(os.getpid(), signal.SIGINT)
        assert len(polls) < 30, "it waits though it was asked twice"
        return RUNNING

    executor.job = job
    with pytest.raises(StopRequestedError, match="stopped by SIGINT"):
        Supervisor(campaign, executor).supervise()
    assert executor.stopped == [False, True]
    assert len(polls) >= 9, "asked once, it waits"


def test_one_look_submits_and_leaves_the_rest_to_who_follows(tmp_path: Path):
    """As --detach does."""
    campaign = new(tmp_path, budget={"trials": 9}, workers=2)
    executor = DetachedMemory(2)
    assert not Supervisor(campaign, executor).advance()
    assert (executor.submitted, executor.stopped) == ([[0, 1]], [])
