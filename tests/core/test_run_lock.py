"""A run has one owner: a real second process is refused, and a killed one leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from filelock import FileLock

from shipworthy.core import run_lock
from shipworthy.core.run_lock import RunOwnedError, own_run

OWNER = """
import sys, time
from pathlib import Path
from shipworthy.core.run_lock import own_run
with own_run(Path(sys.argv[1])):
    print("owned", flush=True)
    time.sleep(100)
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_lock, "WAIT_S", 0.05)
    for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT"):
        monkeypatch.delenv(name, raising=False)


@contextmanager
def owner(folder: Path, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that owns the run."""
    process = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "owned\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_second_process_is_refused_and_told_who_trains(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "abc"
    with owner(folder, SLURM_JOB_ID="42") as other, pytest.raises(RunOwnedError) as caught, own_run(folder):
        pytest.fail("two own it")
    said = str(caught.value)
    assert said.startswith(f"Run abc is being trained already, by process {other.pid} on ")
    assert ", Slurm job 42, since 20" in said and "\n" not in said
    assert not folder.exists()


def test_after_a_kill_the_next_goes_on(tmp_path: Path) -> None:
    folder = tmp_path / "runs" / "abc"
    with owner(folder) as other:
        other.send_signal(signal.SIGKILL)
        other.wait()
        (left,) = (tmp_path / "runs" / ".locks").glob("*.json")
        assert json.loads(left.read_text())["process"] == other.pid
        with own_run(folder):
            assert json.loads(left.read_text())["process"] == os.getpid()
    assert not left.exists()
    with own_run(folder):  # let go by the block's end
        pass


def test_other_runs_are_not_locked(tmp_path: Path) -> None:
    with own_run(tmp_path / "runs" / "one"), own_run(tmp_path / "runs" / "two"):
        assert len(list((tmp_path / "runs" / ".locks").glob("*.json"))) == 2


def test_a_restarted_job_does_not_wait_for_itself_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs" / "abc"
    monkeypatch.setattr(run_lock, "RESTART_WAIT_S", 0.1)
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    with owner(folder, SLURM_RESTART_COUNT="0") as other:
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        with own_run(folder):  # the lock is still there, as after a node that was lost
            assert "goes on" in capsys.readouterr().out
        monkeypatch.setattr(run_lock, "RESTART_WAIT_S", 30.0)
        other.kill()
        with own_run(folder):
            assert "goes on" not in capsys.readouterr().out
    with owner(folder), pytest.raises(RunOwnedError), own_run(folder):  # the same start of the job: another step
        pytest.fail("two own it")


def test_where_there_are_no_locks_it_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(self: FileLock, timeout: float) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(FileLock, "acquire", refuse)
    with own_run(tmp_path / "runs" / "abc"):
        assert "can't be locked" in capsys.readouterr().out
