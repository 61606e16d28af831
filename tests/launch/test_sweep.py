"""A sweep's folder."""

from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_json
from shipworthy.launch.sweep import Sweep

RATES = [["model=a", "optimizer.lr=1"], ["model=a", "optimizer.lr=2"]]


@pytest.fixture
def sweep(tmp_path: Path) -> Sweep:
    made = Sweep.new(tmp_path, "train", tmp_path / "code", {"nodes": 2, "tasks_per_node": 2}, RATES)
    made.make(["seed: 1\n", "seed: 2\n"])
    return made


def test_nothing_is_written_before_it_is_made(tmp_path):
    Sweep.new(tmp_path, "train", tmp_path, {}, RATES)
    assert list(tmp_path.iterdir()) == []


def test_it_is_found_again_as_it_was(sweep, tmp_path):
    found = Sweep.find(tmp_path, sweep.name)
    assert found == sweep
    assert found.size == 2
    assert (found.job(1) / "params.yaml").read_text() == "seed: 2\n"
    assert sweep.name.startswith("train-")


def test_one_that_is_not_there_is_refused_with_the_newest(sweep, tmp_path):
    with pytest.raises(UsageError, match=f"there is no sweep 'x' in .*: the newest are {sweep.name}.") as caught:
        Sweep.find(tmp_path, "x")
    assert len(str(caught.value).splitlines()) == 1
    with pytest.raises(UsageError, match="none was made"):
        Sweep.find(tmp_path / "elsewhere", "x")


def test_what_another_shell_noted_is_read(sweep, tmp_path):
    other = Sweep.find(tmp_path, sweep.name)
    other.record["cancelled"].append("17_0")
    other.save()
    sweep.refresh()
    assert sweep.record["cancelled"] == ["17_0"]


def test_what_makes_a_job_differ(sweep, tmp_path):
    assert [sweep.overrides(n) for n in (0, 1)] == ["optimizer.lr=1", "optimizer.lr=2"]
    assert Sweep.new(tmp_path, "train", tmp_path, {}, RATES[:1]).overrides(0) == "model=a optimizer.lr=1"


def test_the_word_of_another_process_that_failed(sweep):
    assert sweep.status(0) is None
    write_json(sweep.job(0) / "status.json", {"state": "running", "said": "", "attempts": []})
    assert sweep.status(0)["state"] == "running"
    write_json(sweep.job(0) / "failed-3.json", {"said": "process 3: no"})
    assert sweep.status(0) == {"state": "failed", "said": "process 3: no", "attempts": []}
    write_json(sweep.job(0) / "status.json", {"state": "finished", "said": "", "attempts": []})
    assert sweep.status(0)["state"] == "finished"


@pytest.mark.parametrize(("start", "log"), [("srun", "log-3.txt"), ("torchrun", "log-1.txt")])
def test_the_last_lines_are_of_the_process_that_failed(sweep, start, log):
    sweep.record["settings"]["start"] = start
    assert sweep.last_lines(0) == []
    (sweep.job(0) / "batch.txt").write_text("the script\n")
    assert sweep.last_lines(0) == ["the script"]
    (sweep.job(0) / "log-0.txt").write_text("\n".join(f"line {n}" for n in range(20)))
    assert sweep.last_lines(0, 2) == ["line 18", "line 19"]
    write_json(sweep.job(0) / "failed-3.json", {"said": "process 3: no"})
    (sweep.job(0) / log).write_bytes(b"of process 3 \xff\n")
    assert sweep.last_lines(0) == ["of process 3 \ufffd"]
