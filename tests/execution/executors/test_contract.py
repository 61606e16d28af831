"""What every executor must do, so that one loop can look after all of them."""

from pathlib import Path
from typing import Any

import pytest

from shipworthy.execution.executors.protocol import Executor, SlotState, SlotStatus
from shipworthy.track.hpo.campaign import Campaign
from tests.execution.campaigns import cheap
from tests.execution.executors import fakes

SLOTS = 3
KINDS = ("memory", "local", "slurm", "ray")
OWN_SLOTS = ("memory", "local", "slurm")
"""Those whose slots are started and end one by one; Ray's driver holds all of them."""


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return cheap.new(tmp_path / "campaign", budget={"trials": 9}, workers=SLOTS)


@pytest.fixture
def stage(request: pytest.FixtureRequest, campaign: Campaign, monkeypatch: pytest.MonkeyPatch):
    """An executor with what a test needs to play its workers: `executor`, and `end`."""
    match request.param:
        case "memory":
            found: Any = fakes.Memory(SLOTS)
            found.executor = found
        case "local":
            found = fakes.Local(campaign)
        case "slurm":
            found = fakes.Slurm(campaign, monkeypatch)
        case _:
            found = fakes.Ray(campaign, monkeypatch)
    yield found
    found.executor.stop(kill=True)


def of(executor: Executor, number: int) -> SlotState:
    states = executor.poll()
    assert [state.number for state in states] == list(range(SLOTS))
    return states[number]


def ended(executor: Executor, number: int) -> SlotState:
    fakes.until(lambda: not of(executor, number).status.alive)
    return of(executor, number)


@pytest.mark.parametrize("stage", KINDS, indirect=True)
def test_slots_are_idle_until_a_worker_is_submitted(stage):
    assert all(state.status is SlotStatus.IDLE for state in stage.executor.poll())
    stage.executor.submit([1])
    assert of(stage.executor, 1).status.alive


@pytest.mark.parametrize("stage", OWN_SLOTS, indirect=True)
def test_only_the_slots_that_are_submitted_are_alive(stage):
    stage.executor.submit([0, 2])
    assert [state.status.alive for state in stage.executor.poll()] == [True, False, True]


@pytest.mark.parametrize("status", [SlotStatus.FINISHED, SlotStatus.FAILED, SlotStatus.LOST])
@pytest.mark.parametrize("stage", OWN_SLOTS, indirect=True)
def test_how_a_worker_ended_is_told_until_its_slot_is_submitted_again(stage, status):
    executor = stage.executor
    executor.submit([0, 1])
    stage.end(1, status)
    found = ended(executor, 1)
    assert found.status is status and of(executor, 0).status.alive
    if status is not SlotStatus.FINISHED:
        assert found.said, "what it said, or what became of it"
    assert of(executor, 1) == found
    executor.submit([1])
    assert of(executor, 1).status.alive


@pytest.mark.parametrize("stage", ["local", "slurm"], indirect=True)
def test_a_failed_worker_s_sentence_and_its_log_are_named(stage):
    stage.executor.submit([0])
    stage.end(0, SlotStatus.FAILED)
    found = ended(stage.executor, 0)
    assert found.said.removesuffix(".") == "So it ended"
    assert found.log.exists()


@pytest.mark.parametrize("stage", ["memory", "local", "ray"], indirect=True)
def test_who_is_asked_to_stop_ends_and_has_not_failed(stage):
    stage.executor.submit([0, 1])
    for number in (0, 1) if hasattr(stage, "begun") else ():
        stage.begun(number)
    stage.executor.stop()
    assert {ended(stage.executor, number).status for number in (0, 1)} == {SlotStatus.FINISHED}


@pytest.mark.parametrize("stage", ["local", "ray"], indirect=True)
def test_kill_leaves_nothing(stage):
    stage.executor.submit([0, 1])
    stage.executor.stop(kill=True)
    assert not stage.left()
    assert not any(state.status.alive for state in stage.executor.poll())


@pytest.mark.parametrize("stage", ["slurm"], indirect=True)
def test_a_detached_executor_s_workers_stay(stage):
    assert stage.executor.detached
    stage.executor.submit([0])
    stage.executor.stop(kill=True)
    assert stage.left() and of(stage.executor, 0).status.alive
