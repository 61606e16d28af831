"""What runs on a node, without a cluster: one array task in a process of its own, its status file and exit code."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from shipworthy.config.compose import composed
from shipworthy.core import interrupt
from shipworthy.core.files import read_json, write_json
from shipworthy.launch.sweep import Sweep
from tests.conftest import ROOT
from tests.models import samples
from tests.stages import workspaces

CHEAP = ["experiment=adult_xgboost", "task.baselines=[majority]"]
JOBS = {
    "fine": [],
    "no dataset": ["workspace=nowhere"],
    "usage": ["seed=18"],
    "defect": ["workspace=damaged/artifacts"],
}
ONE_TASK = {
    "SLURM_ARRAY_JOB_ID": "17",
    "SLURM_PROCID": "0",
    "SLURM_LOCALID": "0",
    "SLURM_NODEID": "0",
    "SLURM_STEP_NUM_TASKS": "1",
    "SLURMD_NODENAME": "n1",
    "SLURM_CONF": "/nonexistent/slurm.conf",  # whatever cluster this machine belongs to, it is not asked
}
BLOCKED = ("env", "--block-signal=TERM,USR1,USR2")
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture(scope="module")
def sweep(tmp_path_factory: pytest.TempPathFactory) -> Sweep:
    """A sweep of `baseline` in a project of its own."""
    root = tmp_path_factory.mktemp("job") / "project"
    root.mkdir()
    for name in ("conf", "extensions"):
        (root / name).symlink_to(ROOT / name)
    rows = {name: samples.table(40, seed=seed) for seed, name in enumerate(("train", "validation", "test"))}
    workspaces.write_dataset(root, rows)
    with workspaces.workspace(root / "damaged", "prepare").write("dataset") as folder:
        for name in ("train", "validation", "test"):
            (folder / f"{name}.parquet").write_bytes(b"PAR1 no table")
    made = Sweep.new(root, "baseline", root, {"max_restarts": 2}, list(JOBS.values()))
    texts = [OmegaConf.to_yaml(composed([*CHEAP, *own]), resolve=True) for own in JOBS.values()]
    made.make([text.replace("seed: 18", "seed: -18") for text in texts])
    return made


@pytest.fixture
def start(sweep: Sweep, tmp_path: Path) -> Start:
    """Starts a copy of a job, by its kind; `env` is what Slurm sets beside."""

    def call(kind: str, *under: str, **env: str) -> "subprocess.Popen[str]":
        copy = Sweep(tmp_path / "sweep", sweep.record)
        copy.make([(sweep.job(list(JOBS).index(kind)) / "params.yaml").read_text()])
        # The workspace is relative to the project, found from where the job runs.
        outer = {name: value for name, value in os.environ.items() if not name.startswith("SLURM")}
        return subprocess.Popen(
            [*under, sys.executable, "-P", "-m", "shipworthy.execution.node", str(copy.folder)],
            cwd=sweep.root,
            env={**outer, **ONE_TASK, "SLURM_ARRAY_TASK_ID": "0", **env},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    return call


@pytest.fixture
def status(tmp_path: Path) -> Callable[[], dict[str, Any]]:
    return lambda: read_json(tmp_path / "sweep" / "jobs" / "0" / "status.json")


def test_a_job_that_finishes(start, status):
    done = start("fine")
    out, err = done.communicate()
    assert (done.returncode, err) == (0, "")
    assert out.startswith("== job 17_0, start 1, on n1: ")
    said = status()
    assert (said["state"], said["said"]) == ("finished", "")
    (attempt,) = said["attempts"]
    assert (attempt["job"], attempt["node"], attempt["outcome"]) == ("17_0", "n1", "finished")
    assert attempt["began"] < attempt["ended"] <= time.time()


@pytest.mark.parametrize(
    ("kind", "sentence", "lines"),
    [
        ("no dataset", "nowhere/dataset", 1),
        ("usage", "seed=-18 is negative: choose a whole number from 0.", 1),
        ("defect", "ComputeError: ", None),
    ],
)
def test_a_job_that_raises(start, status, kind, sentence, lines):
    done = start(kind)
    _, err = done.communicate()
    assert done.returncode == 1, "Slurm, too, is told that it failed"
    said = status()
    assert (said["state"], said["attempts"][0]["outcome"]) == ("failed", "failed")
    assert sentence in said["said"]
    assert len(said["said"].splitlines()) == 1
    assert f"shipworthy: {said['said']}" in err
    assert lines is None or len(err.splitlines()) == lines
    assert ("Traceback" in err) == (lines is None), "a defect shows where it is"


def test_a_job_that_was_started_too_often(start, status):
    done = start("fine", SLURM_RESTART_COUNT="3")
    _, err = done.communicate()
    assert done.returncode == 1
    assert status()["state"] == "failed"
    assert status()["said"] == "started again 3 times, and hydra.launcher.max_restarts allows 2."
    assert status()["attempts"][0]["restart"] == 3
    assert status()["said"] in err


def test_a_job_that_goes_on_keeps_what_was_told_before(start, status, tmp_path):
    earlier = {"job": "17_0", "restart": 0, "node": "n2", "began": 1.0, "ended": 2.0, "outcome": "requeued: SIGTERM"}
    before = {"state": "stopped", "said": "asked to stop", "step": 7, "attempts": [earlier]}
    write_json(tmp_path / "sweep" / "jobs" / "0" / "status.json", before)
    done = start("fine", SLURM_RESTART_COUNT="2")
    out, _ = done.communicate()
    assert done.returncode == 0
    assert ", start 3, on n1" in out
    assert [one["outcome"] for one in status()["attempts"]] == ["requeued: SIGTERM", "finished"]
    assert status()["said"] == ""


def until_blocked(process: "subprocess.Popen[str]") -> None:
    """Waits until `env` has done its work; that Python listens comes much later."""
    mask = sum(1 << (number - 1) for number in interrupt.SIGNALS)
    while True:
        (line,) = re.findall(r"SigBlk:\s*(\w+)", Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8"))
        if int(line, 16) & mask == mask:
            return


@pytest.mark.parametrize(("under", "code"), [(BLOCKED, 0), ((), -signal.SIGTERM)])
def test_a_signal_that_comes_before_python_listens(start, under, code):
    """Held back by `env --block-signal`, as in the script; without that it would be the end."""
    done = start("fine", *under)
    if under:
        until_blocked(done)
    done.send_signal(signal.SIGTERM)
    done.communicate()
    assert done.returncode == code


def test_signals_at_any_moment_up_to_the_end_do_not_kill_it(start, status):
    done = start("fine", *BLOCKED)
    until_blocked(done)
    kinds = [signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2]
    sent = 0
    while done.poll() is None:
        done.send_signal(kinds[sent % 3])
        sent += 1
        time.sleep(0.002)
    _, err = done.communicate()
    assert (done.returncode, err) == (0, "")
    assert status()["state"] == "finished"
    assert sent > 300
