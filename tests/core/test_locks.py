"""What one process makes or reads, a real second one leaves alone, waits for, or is told of; a kill leaves nothing."""

import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from shipworthy.core import interrupt, json_lines, locks
from shipworthy.core.files import new_folder
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.locks import OwnedError, own, own_run, reading, replacing

HOLDER = """
import sys, time
from pathlib import Path
from shipworthy.core.locks import own, own_run, reading
with {}:
    print("held", flush=True)
    time.sleep({})
"""


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "WAIT_S", 0.05)
    for name in ("SLURM_JOB_ID", "SLURM_RESTART_COUNT", locks.PARENT):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return tmp_path / "runs" / locks.FOLDER / "artifacts.checkpoint"


@contextmanager
def other(what: str, *, seconds: float = 100.0, **environment: str) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds a lock: `what` is the call."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER.format(what, seconds)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    assert process.stdout
    try:
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def owner(place: Path, work: str = "one") -> str:
    return f"own(Path({str(place)!r}), 'artifacts/checkpoint', {work!r})"


def test_who_makes_something_else_is_refused_and_told_who_is_there(place: Path) -> None:
    with (
        other(owner(place), SLURM_JOB_ID="42") as process,
        pytest.raises(OwnedError) as caught,
        own(place, "artifacts/checkpoint", "another"),
    ):
        pytest.fail("two own it")
    said = str(caught.value)
    assert said.startswith(f"artifacts/checkpoint is being made by process {process.pid} on ")
    assert ", Slurm job 42, since 20" in said and "workspace=…" in said and "\n" not in said


def test_who_makes_the_same_waits(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with other(owner(place), seconds=1.0) as process:
        before = time.monotonic()
        with own(place, "artifacts/checkpoint", "one"):
            assert time.monotonic() - before > 0.5
    assert f"waiting for process {process.pid} on " in capsys.readouterr().out


def test_who_trains_the_same_run_waits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "runs" / "abc"
    with other(f"own_run(Path({str(folder)!r}))", seconds=1.0), own_run(folder):
        assert "waiting for process" in capsys.readouterr().out
    assert not folder.exists()
    with own_run(tmp_path / "runs" / "other"), own_run(folder):  # other runs are not locked
        pass


def test_who_is_asked_to_stop_does_not_go_on_waiting(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with other(owner(place)), monkeypatch.context() as patch:
        patch.setattr(interrupt, "asked", lambda: "SIGTERM")
        with pytest.raises(StopRequestedError, match="SIGTERM"), own(place, "artifacts/checkpoint", "one"):
            pytest.fail("two own it")


def test_after_a_kill_the_next_goes_on_under_its_own_name(place: Path) -> None:
    named = place.with_name(f"{place.name}.owner")
    with other(owner(place)) as process:
        process.send_signal(signal.SIGKILL)
        process.wait()
        assert [line["process"] for line in json_lines.read(named)] == [process.pid]
        with own(place, "artifacts/checkpoint", "another"):
            assert [line["process"] for line in json_lines.read(named)] == [os.getpid()]
    assert named.read_bytes() == b""
    with own(place, "artifacts/checkpoint", "one"):  # let go by the block's end
        pass


def test_what_a_command_owns_the_one_that_it_starts_owns_too_and_after_its_kill(place: Path) -> None:
    child = f"""
import subprocess, sys, os, time
from pathlib import Path
from shipworthy.core import locks
program = "from pathlib import Path; import time; from shipworthy.core.locks import own\\n" + \\
    "with {owner(place, "two")}: print('held', flush=True); time.sleep(100)"
with {owner(place).replace("own(", "locks.own(", 1)} as descriptors:
    env = dict(os.environ) | {{locks.PARENT: locks.ID}}
    subprocess.run([sys.executable, "-c", program], pass_fds=descriptors, env=env)
"""
    parent = subprocess.Popen([sys.executable, "-c", child], stdout=subprocess.PIPE, text=True, process_group=0)
    assert parent.stdout
    try:
        assert parent.stdout.readline() == "held\n"
        parent.kill()
        parent.wait()
        with pytest.raises(OwnedError, match=f"process {parent.pid} on"), own(place, "it", "another"):
            pytest.fail("the child is still at it")
    finally:
        os.killpg(parent.pid, signal.SIGKILL)
        parent.stdout.close()


def test_a_restarted_job_does_not_wait_for_itself_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "runs" / "abc"
    monkeypatch.setattr(locks, "RESTART_WAIT_S", 0.1)
    monkeypatch.setenv("SLURM_JOB_ID", "42")
    with other(f"own_run(Path({str(folder)!r}))", SLURM_RESTART_COUNT="0") as process:
        monkeypatch.setenv("SLURM_RESTART_COUNT", "1")
        with own_run(folder):  # the lock is still there, as after a node that was lost
            assert "goes on" in capsys.readouterr().out
        monkeypatch.setattr(locks, "RESTART_WAIT_S", 30.0)
        process.kill()
        with own_run(folder):
            assert "goes on" not in capsys.readouterr().out


def test_what_is_read_is_replaced_when_nobody_reads_it(
    tmp_path: Path, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "artifacts" / "checkpoint"
    with new_folder(target) as folder:
        (folder / "old").touch()
    call = f"reading(Path({str(place)!r}))"
    with other(call, seconds=1.0) as one, other(call, seconds=1.5), reading(place):
        pass  # several at once
    with other(call, seconds=1.0) as one, new_folder(target, replacing(place, str(target))) as folder:
        (folder / "new").touch()
        assert (target / "old").exists()
    assert f"waiting to replace {target}: it is being read by process {one.pid} on " in capsys.readouterr().out
    assert [path.name for path in target.iterdir()] == ["new"]


def test_where_there_are_no_locks_it_is_said_once(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(file: object, kind: int) -> None:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with own(place, "artifacts/checkpoint", "one"), reading(place), replacing(place, "artifacts/checkpoint"):
        assert capsys.readouterr().out.count("can't be locked") == 1


def test_a_lock_of_another_user_is_respected(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    named = place.with_name(f"{place.name}.owner")
    with other(owner(place)):
        monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write whatever it says
        with pytest.raises(OwnedError), own(place, "artifacts/checkpoint", "another"):
            pytest.fail("two own it")
    with own(place, "artifacts/checkpoint", "another"):
        assert [line["work"] for line in json_lines.read(named)] == ["one"], "it can't be signed"
