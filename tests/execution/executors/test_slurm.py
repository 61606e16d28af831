"""Workers as jobs of a cluster that is played: which sweep they are of, and what a look at it means."""

import re
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.execution.campaigns.supervise import Supervisor
from shipworthy.execution.executors.protocol import SlotStatus
from shipworthy.execution.executors.slurm import SlurmExecutor
from shipworthy.track.hpo.campaign import Campaign
from tests.execution.campaigns import cheap
from tests.execution.executors import fakes


@pytest.fixture
def campaign(tmp_path: Path) -> Campaign:
    return cheap.new(tmp_path / "campaign", budget={"trials": 9}, workers=3)


@pytest.fixture
def cluster(campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> fakes.Slurm:
    return fakes.Slurm(campaign, monkeypatch)


def test_one_sweep_holds_all_workers_and_is_gone_on_with(cluster, campaign, capsys):
    cluster.executor.submit([0, 1])
    assert sorted(cluster.rows) == ["17_0", "17_1"]
    assert re.search(r"campaign=campaign workspace=\S+` with the same launcher follows it", capsys.readouterr().out)
    cluster.end(1, SlotStatus.FINISHED)
    cluster.executor.submit([1, 2])
    assert sorted(cluster.rows) == ["17_0", "18_1", "18_2"]
    (name,) = campaign.record["sweeps"]
    assert len(read_json(campaign.root / "runs" / "sweeps" / name / "sweep.json")["jobs"]) == 3
    again = SlurmExecutor(campaign, fakes.SETTINGS)
    assert [state.status for state in again.poll()] == [SlotStatus.WAITING] * 3


@pytest.mark.parametrize(("over", "sweeps"), [(False, 1), (True, 2)])
def test_other_settings_make_another_sweep_once_the_last_is_over(cluster, campaign, over, sweeps):
    cluster.executor.submit([0, 1, 2])
    for number in range(3) if over else ():
        cluster.end(number, SlotStatus.FINISHED)
    again = SlurmExecutor(campaign, {**fakes.SETTINGS, "timeout_min": 20})
    if over:
        assert [state.status for state in again.poll()] == [SlotStatus.IDLE] * 3
        again.submit([0])
    assert len(campaign.record["sweeps"]) == sweeps


def test_what_failed_or_was_cancelled_before_is_submitted_again_by_who_asks_for_it(cluster, campaign):
    cluster.executor.submit([0, 1, 2])
    cluster.end(0, SlotStatus.CANCELLED)
    cluster.end(1, SlotStatus.FAILED)
    cluster.end(2, SlotStatus.LOST)
    assert not Supervisor(campaign, SlurmExecutor(campaign, fakes.SETTINGS)).advance()
    assert sorted(cluster.rows) == ["18_0", "18_1", "18_2"]


def test_a_worker_that_fails_while_it_is_followed_ends_the_following_with_its_sentence(cluster, campaign):
    supervisor = Supervisor(campaign, cluster.executor)
    supervisor.advance()
    cluster.row(cluster.job(0), "RUNNING")
    cluster.end(1, SlotStatus.FAILED)
    with pytest.raises(ShipworthyError, match=r"^worker 1 failed: So it ended\. \(.*/jobs/1\)$"):
        supervisor.advance()
    assert sorted(cluster.rows) == ["17_0", "17_2"], "the others go on"


def test_a_lost_worker_is_submitted_again_and_what_slurm_says_is_shown(cluster, campaign, capsys):
    supervisor = Supervisor(campaign, cluster.executor)
    supervisor.advance()
    cluster.end(2, SlotStatus.LOST)
    supervisor.advance()
    assert sorted(cluster.rows) == ["17_0", "17_1", "18_2"]
    said = capsys.readouterr().out
    assert "worker 2 was lost: Slurm says NODE_FAIL on n1 (its node failed); another takes its trial" in said


def test_cancelled_workers_are_not_submitted_again_while_they_are_followed(cluster, campaign):
    supervisor = Supervisor(campaign, cluster.executor)
    supervisor.advance()
    cluster.end(0, SlotStatus.CANCELLED)
    supervisor.advance()
    assert sorted(cluster.rows) == ["17_1", "17_2"]
    cluster.end(1, SlotStatus.CANCELLED)
    cluster.end(2, SlotStatus.CANCELLED)
    with pytest.raises(ShipworthyError, match="its workers were cancelled: `shipworthy ablate campaign="):
        supervisor.advance()
