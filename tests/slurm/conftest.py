"""A real Slurm cluster on this machine, brought up once for all tests that take `cluster`."""

import os
import random
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.e2e.conftest import Pipeline, smoke

__all__ = ["smoke"]  # the fixture

ROOT = Path(__file__).resolve().parents[2]
TESTCLUSTER = ROOT / "slurm/testcluster"


@dataclass(frozen=True)
class Cluster:
    """A test cluster. home: its folder; nodes: their names; port: its first one."""

    home: Path
    nodes: tuple[str, ...] = ("n1", "n2", "n3")
    port: int = field(default_factory=lambda: free_ports(8))

    @property
    def env(self) -> dict[str, str]:
        """To be added to os.environ."""
        return {"SLURM_CONF": str(self.home / "slurm.conf"), "SHIPWORTHY_SLURM": str(self.home)}

    def call(self, *command: str | Path, seconds: float = 60, under: tuple[str, ...] = ()):
        """Run a command with the cluster's environment; its exit code may be any."""
        return subprocess.run(
            [*under, *command],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def run(self, *command: str | Path, seconds: float = 60) -> str:
        """What a command prints; fails with what it said if it fails."""
        done = self.call(*command, seconds=seconds)
        assert done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done.stdout.strip()

    def testcluster(self, *words: str, seconds: float = 240) -> str:
        """What slurm/testcluster prints."""
        return self.run(TESTCLUSTER, *words, seconds=seconds)

    def up(self, *options: str) -> str:
        """Bring it up; what keeps it from coming up, a missing package say, fails the test with its sentence."""
        done = self.call(TESTCLUSTER, "up", f"--nodes={len(self.nodes)}", f"--port={self.port}", *options, seconds=300)
        if done.returncode:
            pytest.fail(f"no test cluster: {done.stderr.strip()}", pytrace=False)
        return done.stdout.strip()

    def kill_node(self, node: str) -> str:
        """Let a node crash."""
        return self.testcluster("kill-node", node)

    def revive(self, node: str) -> str:
        """Bring it back."""
        return self.testcluster("revive", node)

    def sbatch(self, script: str, *options: str) -> str:
        """Submit a shell script, which writes to `home`/out-<job>; returns the job's id."""
        line = ("sbatch", "--parsable", "--open-mode=append", f"--output={self.home}/out-%j", *options)
        return self.run(*line, f"--wrap={script}")

    def out(self, job: str) -> str:
        """What a job has written so far."""
        file = self.home / f"out-{job}"
        return file.read_text() if file.exists() else ""

    def state(self, job: str) -> str:
        """PENDING, RUNNING, …, as slurmctld has it."""
        return self.run("squeue", "-h", "-t", "all", "-j", job, "-o", "%T")

    def accounted(self, job: str) -> list[str]:
        """The states that sacct knows of a job's runs, the requeued ones too; slurmdbd may lag."""
        return self.run("sacct", "-D", "-X", "-n", "-P", "-j", job, "-o", "State").split("\n")

    def hasten(self, job: str) -> None:
        """Let a requeued job start, which Slurm would hold back for two minutes.

        Not at once: who starts in the second in which its last run was revoked is refused by slurmd.
        """
        time.sleep(3)
        self.call("scontrol", "update", f"jobid={job}", "StartTime=now")  # refused where it runs by now

    def until(self, what: str, ready: Callable[[], bool], *, seconds: float = 90) -> None:
        """Wait until `ready`; `seconds` is when to give up, generously."""
        deadline = time.monotonic() + seconds
        while not ready():
            if time.monotonic() > deadline:
                pytest.fail(f"Waited {seconds} s in vain for: {what}\n{self.story()}")
            time.sleep(0.2)

    def story(self) -> str:
        """What a failed wait is understood by: queue, nodes, and how the jobs' outputs and the daemons' logs end."""
        files = [*sorted(self.home.glob("out-*"))[-3:], *sorted(self.home.glob("log/slurm*.log"))]
        lines = {file.name: file.read_text(errors="replace").splitlines()[-40:] for file in files}
        ends = ["\n".join([f"== {name}", *last]) for name, last in lines.items()]
        return "\n".join([self.call("squeue", "-t", "all").stdout, self.call("sinfo", "-N").stdout, *ends])


def free_ports(count: int) -> int:
    """The first of `count` free ports in a row, below those that Linux gives out itself."""
    for _ in range(100):
        first = random.randrange(27000, 32000)
        try:
            for port in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", port))
        except OSError:
            continue
        return first
    raise AssertionError(f"no {count} free ports in a row")


@contextmanager
def new_cluster() -> Iterator[Cluster]:
    """A cluster that is not up yet, in a folder of its own, gone afterwards."""
    # Not under pytest's own folder: a Unix socket's path is short.
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="sw")).resolve())
    try:
        yield cluster
    finally:
        down = cluster.call(TESTCLUSTER, "down", "--purge", seconds=120)
        shutil.rmtree(cluster.home, ignore_errors=True)
        assert down.returncode == 0, down.stderr


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """Three nodes n1 to n3 of 4 CPUs and 2 fake GPUs, up for the whole session."""
    with new_cluster() as cluster:
        cluster.up()
        yield cluster


@pytest.fixture(scope="session")
def workspace(smoke: Pipeline) -> Path:
    """Plan and dataset of experiment=smoke."""
    return smoke.to("prepare")


@pytest.fixture
def own_cluster() -> Iterator[Cluster]:
    """For a test that brings it up, and breaks it, itself."""
    with new_cluster() as cluster:
        yield cluster
