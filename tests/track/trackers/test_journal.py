"""The journal: in order, whatever is killed or full, and one process at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.track.trackers import journal as module
from shipworthy.track.trackers.journal import NOTES, Journal


def filled(folder: Path, count: int) -> Journal:
    journal = Journal(folder)
    for number in range(count):
        journal.add({"n": number})
    return journal


def numbers(journal: Journal, most: int = 10**6) -> list[int]:
    return [note["n"] for note in journal.waiting(most)]


def test_in_order_and_forgotten_when_delivered(tmp_path: Path) -> None:
    journal = filled(tmp_path, 5000)
    assert numbers(journal, 3) == [0, 1, 2]
    journal.delivered(3)
    assert numbers(journal) == list(range(3, 5000))
    assert journal.count() == 4997
    journal.delivered(4997)
    assert numbers(journal) == [] and journal.count() == 0
    assert (tmp_path / NOTES).stat().st_size == 0
    journal.add({"n": 7})
    assert numbers(journal) == [7]


def test_the_next_process_goes_on_where_one_was_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys, signal; from pathlib import Path\n"
        "from shipworthy.track.trackers.journal import Journal\n"
        "journal = Journal(Path(sys.argv[1]))\n"
        "[journal.add({'n': n}) for n in range(100)]\n"
        "journal.delivered(40)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=False)
    with (tmp_path / NOTES).open("ab") as file:
        file.write(b'{"n": 100')  # cut off
    journal = Journal(tmp_path)
    journal.add({"n": 101})
    assert numbers(journal) == [*range(40, 100), 101]


def test_a_kill_between_forgetting_and_saying_so_loses_nothing_that_comes_after(tmp_path: Path) -> None:
    journal = filled(tmp_path, 10)
    journal.delivered(5)
    journal.close()
    os.truncate(tmp_path / NOTES, 0)
    later = filled(tmp_path, 20)
    later.close()
    assert numbers(Journal(tmp_path)) == list(range(20))


def test_a_full_disk_is_a_warning_and_the_notes_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import resource

    journal = filled(tmp_path, 10)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    size = (tmp_path / NOTES).stat().st_size
    monkeypatch.setattr(module, "MOST_IN_MEMORY", 50)
    import signal

    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 5, hard))  # in the middle of a line
    try:
        for number in range(10, 40):
            journal.add({"n": number})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (tmp_path / NOTES).stat().st_size == size, "no half line is left"
    assert capsys.readouterr().out.count("they wait in memory") == 1
    assert journal.count() == 40
    assert numbers(journal) == list(range(10)), "from the disk first"
    journal.delivered(10)
    assert numbers(journal, 5) == [10, 11, 12, 13, 14]
    journal.delivered(5)
    journal.add({"n": 40})
    assert numbers(journal) == list(range(15, 41))
    journal.close()
    assert numbers(Journal(tmp_path)) == list(range(15, 41))


def test_two_processes_do_not_send_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOCK_TIMEOUT_S", 0.2)
    first = filled(tmp_path / "run" / "tracker", 1)
    with pytest.raises(ShipworthyError, match="another process still sends the notes of run"):
        Journal(tmp_path / "run" / "tracker")
    first.close()
    assert Journal(tmp_path / "run" / "tracker").count() == 1
