"""A project of its own for a test on the cluster: the repository's code and config, and a pipeline up to `train`."""

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import PROGRAM, ROOT
from tests.slurm.conftest import Cluster

SMALL = ("experiment=smoke", "hydra.launcher.mem_gb=1", "hydra.launcher.gpus_per_node=null")
"""A tiny random network, on CPU nodes."""


@dataclass(frozen=True)
class Project:
    """folder: its root, which the cluster's nodes see."""

    folder: Path
    cluster: Cluster

    @classmethod
    def new(cls, folder: Path, cluster: Cluster, workspace: Path | None = None) -> "Project":
        """Links to the repository, with a copy of the workspace's plan and dataset, if there is one."""
        folder.mkdir(parents=True)
        for name in ("conf", "data", "extensions", "slurm", "src", "toolchains", "pyproject.toml", "requirements.lock"):
            (folder / name).symlink_to(ROOT / name)
        shutil.copy(ROOT / "params.yaml", folder)  # `sweep adopt` writes it
        for kind in ("plan", "dataset") if workspace else ():
            shutil.copytree(workspace / kind, folder / "artifacts" / kind)
        return cls(folder, cluster)

    def start(self, *arguments: str, **env: str) -> "subprocess.Popen[str]":
        """`shipworthy …` in a process of its own."""
        return subprocess.Popen(
            [PROGRAM, *arguments],
            cwd=self.folder,
            env={**os.environ, **self.cluster.env, **env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def call(self, *arguments: str, seconds: float = 300, **env: str) -> "subprocess.CompletedProcess[str]":
        """`shipworthy …`, to its end."""
        process = self.start(*arguments, **env)
        out, err = process.communicate(timeout=seconds)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def ok(self, *arguments: str, **env: str) -> str:
        """What it prints; fails if it fails."""
        done = self.call(*arguments, **env)
        assert done.returncode == 0, f"{arguments}: {done.stdout[-4000:]}{done.stderr[-4000:]}"
        return done.stdout

    def sweeps(self) -> list[Path]:
        """The folders of the sweeps, the oldest first."""
        found = [path.parent for path in (self.folder / "runs" / "sweeps").glob("*/sweep.json")]
        return sorted(found, key=lambda path: path.stat().st_mtime)

    def submit(self, *overrides: str, **env: str) -> Path:
        """A detached sweep of `train`; its folder."""
        before = set(self.sweeps())
        self.ok("train", "--multirun", "--detach", *SMALL, *overrides, **env)
        (made,) = set(self.sweeps()) - before
        return made

    def status(self, sweep: Path, number: int) -> dict[str, Any]:
        """A job's own word; empty before it has said any."""
        path = sweep / "jobs" / str(number) / "status.json"
        return json.loads(path.read_text()) if path.is_file() else {}

    def step(self, sweep: Path, number: int) -> int:
        """The last step that a job told of."""
        return int(self.status(sweep, number).get("step") or 0)

    def gets_to(self, sweep: Path, number: int, step: int) -> None:
        """Waits until a job has done so many steps."""

        def done() -> bool:
            status = self.status(sweep, number)
            assert status.get("state") in (None, "running"), status["said"]
            return self.step(sweep, number) >= step

        self.cluster.until("the job to get on", done, seconds=180)

    def checkpoint(self, sweep: Path, number: int) -> Path:
        """What a job's run handed over."""
        return self.folder / "runs" / str(self.status(sweep, number)["run_id"]) / "checkpoint"

    def job(self, sweep: Path, number: int) -> str:
        """A job's id in Slurm."""
        last = [s for s in json.loads((sweep / "sweep.json").read_text())["submissions"] if number in s["indices"]][-1]
        return f"{last['job']}_{number}"

    def node(self, job: str) -> str:
        """Where a job runs; empty if it does not."""
        return self.cluster.run("squeue", "-h", "-t", "running", "-j", job, "-o", "%N")

    def preempt(self, sweep: Path, number: int) -> None:
        """Lets a job of high priority take a job's node, waits until it is requeued, and sends it back at once."""
        cluster, job = self.cluster, self.job(sweep, number)
        starts = self.starts(sweep, number)
        high = cluster.sbatch("sleep 600", "-p", "high", "-w", self.node(job), "-c", "4", "--mem=4000")
        cluster.until("the preemption", lambda: cluster.state(high) == "RUNNING")
        cluster.run("scancel", high)
        self.goes_on(sweep, number, starts)

    def starts(self, sweep: Path, number: int) -> int:
        """How often a job has started."""
        return len(self.status(sweep, number).get("attempts", []))

    def goes_on(self, sweep: Path, number: int, starts: int) -> None:
        """Waits until a job that had started so often starts again; Slurm would hold it back for two minutes."""
        job = self.job(sweep, number)

        def started() -> bool:
            if self.cluster.state(job) == "PENDING":
                self.cluster.hasten(job)
            return self.starts(sweep, number) > starts

        self.cluster.until("the job to go on", started, seconds=180)
