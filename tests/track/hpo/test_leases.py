"""Leases: one worker gets a resource, a dead one's is given on, and a late one finds out."""

import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shipworthy.track.hpo.leases import Lease, Leases, myself


@pytest.fixture
def leases(tmp_path: Path) -> Leases:
    return Leases(tmp_path / "leases", lease_s=30)


def elsewhere(worker: int = 1) -> dict[str, object]:
    """A worker on another machine."""
    return {**myself(worker), "host": "n7"}


def silent_for(lease: Lease, seconds: float) -> None:
    os.utime(lease.path, (time.time() - seconds,) * 2)


def test_one_of_many_processes_gets_each_thing(tmp_path: Path):
    script = (
        "import sys; from pathlib import Path; from shipworthy.track.hpo.leases import Leases, myself\n"
        "leases = Leases(Path(sys.argv[1]), 60)\n"
        "print(*[n for n in range(100) if leases.take(f'trial-{n}', myself(0))], flush=True); sys.stdin.read()"
    )
    line = [sys.executable, "-c", script, str(tmp_path)]
    processes = [subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    got = [process.stdout.readline().split() for process in processes if process.stdout]
    for process in processes:
        process.communicate()
    assert sorted(int(number) for numbers in got for number in numbers) == list(range(100))


def test_a_resource_is_given_back_given_on_or_done(leases: Leases):
    first = leases.take("trial-1", elsewhere())
    assert first is not None and first.holds()
    assert leases.take("trial-1", elsewhere(2)) is None
    assert leases.take("trial-10", elsewhere(2)) is not None, "another resource whose name begins alike"
    first.release()
    second = leases.take("trial-1", elsewhere(2))
    assert second is not None and second.number == 2 and not first.holds()
    second.finish()
    assert leases.take("trial-1", elsewhere()) is None


def test_who_was_silent_for_the_lease_loses_it_and_finds_out(leases: Leases):
    first = leases.take("trial-1", elsewhere())
    assert first is not None
    silent_for(first, 25)
    assert leases.take("trial-1", elsewhere(2)) is None
    silent_for(first, 35)
    assert first.holds()
    assert leases.take("trial-1", elsewhere(2)) is not None
    assert not first.holds()


def test_a_sign_of_life_keeps_it(tmp_path: Path):
    leases = Leases(tmp_path, lease_s=3)
    lease = leases.take("trial-1", elsewhere())
    assert lease is not None
    with leases.renewing([lease]):
        silent_for(lease, 100)
        deadline = time.monotonic() + 30
        while time.time() - lease.path.stat().st_mtime > 50:
            assert time.monotonic() < deadline, "no sign of life"
            time.sleep(0.05)
        assert leases.take("trial-1", elsewhere(2)) is None
    silent_for(lease, 100)
    assert leases.take("trial-1", elsewhere(2)) is not None


def test_a_dead_process_of_this_machine_loses_it_at_once(leases: Leases):
    gone = subprocess.Popen(["true"])
    gone.wait()
    lease = leases.take("trial-1", {**myself(1), "pid": gone.pid})
    assert lease is not None and not leases.alive(lease)
    assert leases.take("trial-1", myself(2)) is not None
    far = leases.take("trial-2", {**elsewhere(), "pid": gone.pid})
    assert far is not None and leases.alive(far), "elsewhere its number says nothing"


def test_a_job_that_starts_again_ends_what_its_last_start_held(leases: Leases):
    held = leases.take("trial-1", {**elsewhere(3), "job": "17_3"})
    other = leases.take("trial-2", {**elsewhere(4), "job": "17_4"})
    assert held is not None and other is not None
    leases.release_earlier_starts("17_3")
    assert not leases.alive(held) and leases.alive(other)
    leases.release_earlier_starts("")
    assert leases.alive(other)


def test_an_owner_killed_while_it_wrote_its_name_is_judged_by_its_silence(leases: Leases):
    lease = leases.take("trial-1", elsewhere())
    assert lease is not None
    lease.path.write_text(json.dumps(elsewhere())[:9])
    assert leases.alive(lease)
    silent_for(lease, 31)
    assert not leases.alive(lease)
    assert myself(0)["host"] == socket.gethostname()
