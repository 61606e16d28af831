"""Workers as processes of this machine: killed, stopped, failing; and the one who looks after them."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.execution.campaigns.supervise import Supervisor
from shipworthy.execution.executors.local import LocalExecutor
from shipworthy.track.hpo.campaign import Campaign, counts
from tests.conftest import ROOT
from tests.execution.campaigns import cheap

ALONE = (
    "import sys; from pathlib import Path; from shipworthy.core.files import read_json\n"
    "from shipworthy.execution.campaigns.supervise import Supervisor\n"
    "from shipworthy.execution.executors.local import LocalExecutor\n"
    "from shipworthy.track.hpo.campaign import Campaign\n"
    "folder = Path(sys.argv[1]); campaign = Campaign(folder, read_json(folder / 'campaign.json'))\n"
    "Supervisor(campaign, LocalExecutor(campaign, sys.argv[2:], {})).supervise()"
)


def command(campaign: Campaign) -> list[str]:
    return [sys.executable, cheap.__file__, str(campaign.folder)]


def executor(campaign: Campaign) -> LocalExecutor:
    campaign.record["root"] = str(ROOT)
    return LocalExecutor(campaign, command(campaign), {"PYTHONPATH": str(ROOT)})


def supervise(campaign: Campaign) -> None:
    Supervisor(campaign, executor(campaign)).supervise()


def workers(campaign: Campaign) -> list[psutil.Process]:
    mine = [cheap.__file__, str(campaign.folder)]
    return [one for one in psutil.process_iter(["cmdline"]) if (one.info["cmdline"] or [])[1:3] == mine]


def until(ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def made_once(campaign: Campaign, steps: int) -> bool:
    """That every step of every trial was made once, though not by one process."""
    files = [campaign.folder / "steps" / f"{n}.txt" for n in range(campaign.asked_for)]
    made = [[line.split()[0] for line in path.read_text().splitlines()] for path in files]
    return made == [[str(step) for step in range(1, steps + 1)]] * campaign.asked_for


def test_workers_killed_with_9_cost_no_trial(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    campaign = cheap.new(tmp_path, steps=10, pace_s=0.4, budget={"trials": 8}, workers=3, retries=3)
    deaths: list[int] = []

    def holders() -> list[int]:
        """The workers that are at a trial."""
        held = [trial["attempts"][-1]["pid"] for trial in campaign.trials() if trial["state"] == "running"]
        return [pid for pid in held if pid not in deaths and psutil.pid_exists(pid)]

    def kill() -> None:
        for _ in range(3):
            until(lambda: len(holders()) >= 2)
            deaths.append(holders()[0])
            os.kill(deaths[-1], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    supervise(campaign)
    killer.join()
    trials = campaign.trials()
    assert [trial["state"] for trial in trials] == ["finished"] * 8
    assert made_once(campaign, 10)
    outcomes = [attempt["outcome"] for trial in trials for attempt in trial["attempts"]]
    assert outcomes.count("finished") == 8
    assert 1 <= outcomes.count("killed") <= 3
    assert len(campaign.optuna().all()) == 8
    assert capsys.readouterr().out.count("was killed by SIGKILL") == 3
    assert workers(campaign) == []


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_campaign_that_is_stopped_goes_on(tmp_path: Path, how: signal.Signals):
    campaign = cheap.new(tmp_path, steps=20, pace_s=1.0, budget={"trials": 4}, workers=2)
    campaign.record["root"] = str(ROOT)
    campaign.save()
    line = [sys.executable, "-c", ALONE, str(tmp_path), *command(campaign)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    until(lambda: counts(campaign.trials())["running"] == 2)
    process.send_signal(how)
    _, said = process.communicate(timeout=60)
    assert f"stopped by {how.name}: the trials that ran are saved" in said
    assert workers(campaign) == []
    assert [trial["state"] for trial in campaign.trials()] == ["waiting"] * 2
    write_json(campaign.folder / "pace.json", {"steps": 20, "pace_s": 0.0})  # what is left is quick
    supervise(campaign)
    assert [trial["state"] for trial in campaign.trials()] == ["finished"] * 4
    assert made_once(campaign, 20)
    for trial in campaign.trials()[:2]:
        assert [attempt["outcome"] for attempt in trial["attempts"]] == ["SIGTERM", "finished"]


def test_a_worker_that_can_not_work_ends_the_campaign_with_its_sentence(tmp_path: Path):
    campaign = cheap.new(tmp_path, budget={"trials": 3}, workers=2)
    broken = LocalExecutor(campaign, ["sh", "-c", "echo 'shipworthy: There is no dataset.' >&2; exit 1"], {})
    with pytest.raises(ShipworthyError, match=r"worker \d failed: There is no dataset. \(.*workers/\d/log.txt\)"):
        Supervisor(campaign, broken).supervise()


def test_a_worker_that_is_killed_before_it_begins_is_not_tried_forever(tmp_path: Path):
    campaign = cheap.new(tmp_path, budget={"trials": 3})
    dying = LocalExecutor(campaign, ["sh", "-c", "echo; echo out of memory; kill -9 $$"], {})
    said = "worker 0 failed: it was lost 3 times in a row .* it was killed by SIGKILL after it said 'out of memory'"
    with pytest.raises(ShipworthyError, match=said):
        Supervisor(campaign, dying).supervise()


def test_workers_share_the_cores(tmp_path: Path):
    campaign = cheap.new(tmp_path, workers=2)
    shares = [executor(campaign).cores_of(number) for number in range(2)]
    everyones = os.sched_getaffinity(0)
    assert all(share and set(share) <= everyones for share in shares)
    assert len(shares[0]) == max(1, len(everyones) // 2)
    if len(everyones) > 1:
        assert not set(shares[0]) & set(shares[1])
