"""Files and folders are whole or not there."""

import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from shipworthy.core.files import new_folder, read_json, sha256_of_file, turn, write_json


def test_a_folder_takes_its_place_whole(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with new_folder(target) as folder:
        (folder / "x").write_text("1")
        assert not target.exists()
    with new_folder(target) as folder:
        (folder / "y").write_text("2")
        assert [p.name for p in target.iterdir()] == ["x"]
    assert [p.name for p in target.iterdir()] == ["y"]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_an_error_leaves_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "a"
    with new_folder(target) as folder:
        (folder / "x").write_text("1")

    def fail() -> None:
        with new_folder(target) as folder:
            (folder / "y").write_text("2")
            raise RuntimeError("no")

    with pytest.raises(RuntimeError, match="no"):
        fail()
    assert [p.name for p in target.iterdir()] == ["x"]
    assert [p.name for p in tmp_path.iterdir()] == ["a"]


def test_what_a_killed_process_left_is_swept_and_what_a_living_one_makes_is_not(tmp_path: Path) -> None:
    with subprocess.Popen(["true"]) as process:
        process.wait()
    host = socket.gethostname()
    left, living = (tmp_path / f".a.{host}.{pid}.0123abcd.tmp" for pid in (process.pid, os.getpid()))
    elsewhere = tmp_path / f".a.other-{host}.{process.pid}.0123abcd.tmp"
    for path in (left, living, elsewhere):
        path.mkdir()
    with new_folder(tmp_path / "a"):
        pass
    assert not left.exists()
    assert living.exists() and elsewhere.exists()


def test_json_and_hash(tmp_path: Path) -> None:
    write_json(tmp_path / "deep" / "x.json", {"é": [1, 2]})
    assert read_json(tmp_path / "deep" / "x.json") == {"é": [1, 2]}
    (tmp_path / "abc").write_bytes(b"abc")
    # FIPS 180-2, appendix B.1
    assert sha256_of_file(tmp_path / "abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


HOLDER = """
import sys, time
from pathlib import Path
from shipworthy.core.files import turn
with turn(Path(sys.argv[1])):
    print("inside", flush=True)
    time.sleep(600)
"""


def test_a_turn_is_one_processs_and_ends_with_it_however_it_ends(tmp_path: Path) -> None:
    lock = tmp_path / "deep" / ".x.lock"
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(lock)], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None
    assert holder.stdout.readline() == "inside\n"
    entered = threading.Event()

    def enter() -> None:
        with turn(lock):
            entered.set()

    waiting = threading.Thread(target=enter)
    waiting.start()
    assert not entered.wait(0.5)
    holder.kill()
    holder.wait()
    assert entered.wait(30)
    waiting.join()
    assert lock.read_bytes() == b""
