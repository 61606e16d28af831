"""Executors under a test's control: one without processes, and Slurm, Ray and this machine with workers that obey.

Each has `submit`, `poll` and `stop` of the executor itself, and `end` for the test: it lets a slot's worker end.
"""

import json
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import ClassVar

import pytest

from shipworthy.core.files import write_json, write_text
from shipworthy.execution.executors import ray
from shipworthy.execution.executors.local import LocalExecutor
from shipworthy.execution.executors.protocol import SlotState, SlotStatus
from shipworthy.execution.executors.ray import RayExecutor
from shipworthy.execution.executors.slurm import SlurmExecutor
from shipworthy.launch import slurm, submit
from shipworthy.launch.records import Attempt, Queued
from shipworthy.track.hpo.campaign import PARAMS, Campaign
from tests.conftest import ROOT

SETTINGS = {"timeout_min": 10, "nodes": 1, "tasks_per_node": 1, "start": "srun", "signal_delay_s": 60}


class Memory:
    """Slots in memory. A worker does what `job` says when it is polled; its status is what that returns."""

    detached: ClassVar[bool] = False
    seconds_between_polls: ClassVar[float] = 0.001

    def __init__(self, slots: int, job: Callable[[int], SlotStatus] = lambda number: SlotStatus.RUNNING) -> None:
        self.job = job
        self.states = [SlotState(number, SlotStatus.IDLE) for number in range(slots)]
        self.submitted: list[list[int]] = []
        self.stopped: list[bool] = []

    def submit(self, slots: Sequence[int]) -> None:
        assert not any(self.states[number].status.alive for number in slots)
        self.submitted.append([*slots])
        for number in slots:
            self.states[number] = SlotState(number, SlotStatus.WAITING)

    def poll(self) -> list[SlotState]:
        for state in self.states:
            if state.status.alive:
                self.states[state.number] = SlotState(state.number, self.job(state.number), "so it ended.")
        return [*self.states]

    def stop(self, *, kill: bool = False) -> None:
        self.stopped.append(kill)
        if not self.detached:
            for state in self.states:
                if state.status.alive:
                    self.states[state.number] = SlotState(state.number, SlotStatus.FINISHED)

    def end(self, number: int, status: SlotStatus) -> None:
        self.states[number] = SlotState(number, status, "so it ended.")


class DetachedMemory(Memory):
    """The same, whose workers outlive their supervisor."""

    detached = True


def until(ready: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not ready():
        assert time.monotonic() < deadline
        time.sleep(0.02)


OBEDIENT = """
import os, signal, sys, time
folder, number = sys.argv[1:]
signal.signal(signal.SIGTERM, lambda *_: sys.exit(75))
print("at work", flush=True)
while not os.path.exists(told := f"{folder}/end-{number}"):
    time.sleep(0.02)
how = open(told).read()
os.remove(told)
if how == "lost":
    os.kill(os.getpid(), signal.SIGKILL)
if how == "failed":
    print("shipworthy: So it ended.", flush=True)
sys.exit(how == "failed")
"""
"""A worker that ends as the file `end-<number>` in its campaign's folder says."""


class Local:
    """Processes of this machine."""

    def __init__(self, campaign: Campaign) -> None:
        self.folder = campaign.folder
        self.executor = LocalExecutor(campaign, [sys.executable, "-c", OBEDIENT, str(campaign.folder)], {})

    def begun(self, number: int) -> None:
        """Waits until a slot's worker listens to signals."""
        log = self.executor.log(number)
        until(lambda: log.is_file() and "at work" in log.read_text())

    def end(self, number: int, status: SlotStatus) -> None:
        self.begun(number)
        half = self.folder / f".end-{number}"
        half.write_text(status.value)
        half.rename(self.folder / f"end-{number}")

    def left(self) -> bool:
        return any(process.poll() is None for process in self.executor.processes.values())


class Slurm:
    """A cluster that is played: the jobs' rows in its tables, and the status files that they would write."""

    def __init__(self, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
        root = campaign.folder / "project"
        root.mkdir()
        (root / "slurm").symlink_to(ROOT / "slurm")
        campaign.record["root"] = str(root)
        write_text(campaign.folder / PARAMS, "compute: {price_per_hour: 0.0, currency: USD}\n")
        self.rows: dict[str, Queued] = {}
        self.ended: list[Attempt] = []
        self.arrays = 16
        monkeypatch.setattr(slurm, "squeue", lambda name: [*self.rows.values()])
        monkeypatch.setattr(slurm, "sacct", lambda name, since: slurm.Accounting([*self.ended], ""))
        monkeypatch.setattr(slurm, "sbatch", self.sbatch)
        monkeypatch.setattr(submit, "before", lambda script, folder: "")
        self.campaign, self.executor = campaign, SlurmExecutor(campaign, SETTINGS)

    def sbatch(self, script: Path) -> str:
        (array,) = [
            line for line in script.read_text(encoding="utf-8").splitlines() if line.startswith("#SBATCH --array=")
        ]
        self.arrays += 1
        for task in array.partition("=")[2].partition("%")[0].split(","):
            self.row(f"{self.arrays}_{task}", "PENDING")
        return str(self.arrays)

    def row(self, job: str, state: str) -> None:
        self.rows[job] = Queued(job, "tune", state, "", "" if state == "PENDING" else "n1", None)

    def job(self, number: int) -> str:
        return max(job for job in self.rows if job.endswith(f"_{number}"))

    def end(self, number: int, status: SlotStatus) -> None:
        sweep, job = self.executor.sweep, self.job(number)
        assert sweep is not None
        del self.rows[job]
        word = {"lost": "NODE_FAIL", "cancelled": "CANCELLED"}.get(status.value, "COMPLETED")
        now = time.time()
        self.ended.append(
            Attempt(
                job=job, name=sweep.name, state=word, exit_code=0, submit=now, eligible=now, start=now, end=now,
                elapsed_s=0.0, gpus=0, cpus=1, nodes=int(word != "CANCELLED"),
                node_list="" if word == "CANCELLED" else "n1", partition="low", account="lab",
            )
        )  # fmt: skip
        if status is not SlotStatus.CANCELLED:
            state = status.value if status in (SlotStatus.FINISHED, SlotStatus.FAILED) else "running"
            said = "So it ended." if status is SlotStatus.FAILED else ""
            record = {"state": state, "said": said, "attempts": [{"job": job, "began": now}], "written": now}
            write_json(sweep.job(number) / "status.json", record)

    def left(self) -> bool:
        return bool(self.rows)


DRIVER = """
import json, os, sys
from pathlib import Path
order = json.loads(sys.stdin.readline())
Path(order["folder"], "driver.json").write_text(json.dumps({**order, "pid": os.getpid()}))
for line in sys.stdin:
    Path(order["folder"], "told.txt").write_text(line)
    if line.strip() == "enough":
        sys.exit(0)
print("asked to stop", flush=True)
sys.exit(1)
"""
"""Ray's driver without Ray: it notes its order and what it is told."""


class Ray:
    """A driver without Ray in an environment without it."""

    def __init__(self, campaign: Campaign, monkeypatch: pytest.MonkeyPatch) -> None:
        root = campaign.folder / "project"
        (root / ray.FOLDER).mkdir(parents=True)
        (root / ray.FOLDER / "drive.py").write_text(DRIVER)
        monkeypatch.setattr(ray, "project_root", lambda: root)
        monkeypatch.setattr(ray, "locate", lambda: Path(sys.executable))
        self.folder, self.local = campaign.folder, Local(campaign)
        self.executor = RayExecutor(self.local.executor, ["false"])

    def order(self) -> dict[str, object]:
        """What the driver was told when it started."""
        path = self.folder / "driver.json"
        until(lambda: path.is_file() and path.read_text().endswith("}"))
        found: dict[str, object] = json.loads(path.read_text())
        return found

    def kill(self) -> None:
        os.kill(int(str(self.order()["pid"])), signal.SIGKILL)

    def begun(self, number: int) -> None:
        self.order()

    def left(self) -> bool:
        return self.executor.driver is not None or self.local.left()
