"""A job's own word."""

import json
import threading
import time

import pytest

from shipworthy.core.files import read_json
from shipworthy.launch.status import Status, job_id, restarts


@pytest.fixture(autouse=True)
def _in_a_job(monkeypatch):
    for name, value in {"ARRAY_JOB_ID": "17", "ARRAY_TASK_ID": "3", "JOB_ID": "20", "RESTART_COUNT": "2"}.items():
        monkeypatch.setenv(f"SLURM_{name}", value)
    monkeypatch.setenv("SLURMD_NODENAME", "n1")


def test_who_it_is(monkeypatch):
    assert (job_id(), restarts()) == ("17_3", 2)
    monkeypatch.delenv("SLURM_ARRAY_JOB_ID")
    monkeypatch.delenv("SLURM_RESTART_COUNT")
    assert (job_id(), restarts()) == ("20", 0)


def test_a_whole_life(tmp_path, monkeypatch):
    path = tmp_path / "job" / "status.json"
    status = Status(path)
    status.begin()
    assert read_json(path)["state"] == "running"
    (first,) = read_json(path)["attempts"]
    assert (first["job"], first["restart"], first["node"]) == ("17_3", 2, "n1")
    status.note({"run_id": "abc", "steps": 40})
    status.note({"step": 12})
    status.note({"kept": 10})
    status.end("stopped", "requeued: SIGTERM", "asked to stop")
    monkeypatch.setenv("SLURM_RESTART_COUNT", "3")
    again = Status(path)
    again.begin()
    said = read_json(path)
    assert (said["state"], said["said"], said["step"], said["steps"], said["run_id"]) == ("running", "", 12, 40, "abc")
    again.note({"step": 40, "metric": 0.5})
    again.end("finished", "finished")
    said = read_json(path)
    assert (said["state"], said["step"], said["metric"]) == ("finished", 40, 0.5)
    first, second = said["attempts"]
    assert (first["outcome"], first["step"], second["outcome"], second["step"]) == (
        "requeued: SIGTERM",
        12,
        "finished",
        40,
    )
    assert first["began"] <= first["kept"] <= first["ended"] <= second["began"]
    assert "kept" not in second


def test_it_is_not_written_at_every_step(tmp_path, monkeypatch):
    status = Status(tmp_path / "status.json")
    status.begin()
    for step in range(1, 500):
        status.note({"step": step})
    assert "step" not in read_json(status.path)
    monkeypatch.setattr("shipworthy.launch.status.SECONDS_BETWEEN_WRITES", 0.0)
    status.note({"step": 500})
    assert read_json(status.path)["step"] == 500


def test_it_is_whole_whenever_it_is_read_and_whoever_writes(tmp_path, monkeypatch):
    monkeypatch.setattr("shipworthy.launch.status.SECONDS_BETWEEN_WRITES", 0.0)
    status = Status(tmp_path / "status.json")
    status.begin()

    def write(name: str) -> None:
        while reads <= 5:  # a busy machine may give all its time to the writers
            status.note({name: 0, "kept": 0})
        for number in range(100):
            status.note({name: number, "kept": number})

    reads = 0
    threads = [threading.Thread(target=write, args=(name,), daemon=True) for name in ("step", "other")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        assert json.loads(status.path.read_text())["state"] == "running"
        reads += 1
        time.sleep(0.001)
    assert (read_json(status.path)["step"], read_json(status.path)["other"]) == (99, 99)
