"""Each tracker's run, read back with what its own system reads it with."""

import signal
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipworthy.core.errors import UsageError
from shipworthy.core.project import project_root
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.flat import flat
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Mlflow, NoTracker, Wandb

CONFIG = {"model": {"kind": "causal_lm", "rank": 16}, "seed": 17}
TAGS = {"git": "abc123"}

SCRIPT = """
import sys, time
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Wandb
tracker = build(Wandb(project="p", folder=sys.argv[1], flush_s=0.2))
tracker.start(Identity("0123456789abcdef", "train", config={"seed": 17}))
for step in range(200):
    tracker.log({"loss": 1.0 / (step + 1)}, step)
tracker.flush()
print("logged", flush=True)
time.sleep(600)
"""


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("mlflow") / "runs" / "mlflow.db"


def test_mlflow_run_is_read_back_and_a_second_start_continues_it(database: Path, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    config = Mlflow(uri=f"sqlite:///{database}", experiment="pipeline", flush_s=1000.0)
    note = tmp_path / "note.txt"
    note.write_text("kept")
    first = build(config)
    first.start(Identity("0123456789abcdef", "train", config=CONFIG, tags=TAGS))
    for step in range(5):
        first.log({"loss": 1.0 / (step + 1)}, step)
    first.flush()
    first.log({"loss": 99.0}, 5)  # waits in memory: lost with the process

    client = MlflowClient(f"sqlite:///{database}")
    experiment = client.get_experiment_by_name("pipeline")
    (run,) = client.search_runs([experiment.experiment_id])
    assert [(m.step, m.value) for m in client.get_metric_history(run.info.run_id, "loss")] == [
        (step, 1.0 / (step + 1)) for step in range(5)
    ]

    second = build(config)
    second.start(Identity("0123456789abcdef", "train", config=CONFIG, tags=TAGS))
    for step in range(3, 8):  # from the checkpoint at step 3: two of these are there already
        second.log({"loss": 1.0 / (step + 1), "val": 0.5}, step)
    second.summary({"steps": 8, "verdict": "ship"})
    second.keep(note)
    second.finish("finished")

    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.status == "FINISHED"
    assert run.data.params == {"model.kind": "causal_lm", "model.rank": "16", "seed": "17"}
    assert run.data.tags["git"] == "abc123" and run.data.tags["verdict"] == "ship"
    assert run.data.metrics["steps"] == 8.0
    assert [m.step for m in client.get_metric_history(run.info.run_id, "loss")] == list(range(8))
    assert [m.step for m in client.get_metric_history(run.info.run_id, "val")] == list(range(3, 8))
    assert (database.parent / "mlflow_artifacts").rglob("note.txt").__next__().read_text() == "kept"


def test_another_run_id_is_another_mlflow_run(database: Path) -> None:
    from mlflow import MlflowClient

    config = Mlflow(uri=f"sqlite:///{database}", experiment="two")
    for run_id in ("a" * 16, "b" * 16):
        tracker = build(config)
        tracker.start(Identity(run_id, "train", config=CONFIG, tags=TAGS))
        tracker.finish("failed")
    client = MlflowClient(f"sqlite:///{database}")
    runs = client.search_runs([client.get_experiment_by_name("two").experiment_id])
    assert {run.data.tags["shipworthy.run_id"] for run in runs} == {"a" * 16, "b" * 16}
    assert {run.info.status for run in runs} == {"FAILED"}


def records(file: Path) -> Iterator[bytes]:
    """The records of an offline run file: LevelDB's log format behind a 7-byte header, 32 KiB blocks."""
    data, record = file.read_bytes(), b""
    assert data[:4] == b":W&B"
    position = 7
    while position + 7 <= len(data):  # the last one may be half written
        if (left := 32768 - position % 32768) < 7:
            position += left
            continue
        length, part = struct.unpack("<HB", data[position + 4 : position + 7])
        if position + 7 + length > len(data):
            return
        record += data[position + 7 : position + 7 + length]
        position += 7 + length
        if part in (1, 4):  # whole, or last
            yield record
            record = b""


def wandb_history(file: Path) -> tuple[str, list[tuple[int, float]]]:
    from wandb.proto.wandb_internal_pb2 import Record

    run_id, points = "", []
    for raw in records(file):
        record = Record.FromString(raw)
        if record.HasField("run"):
            run_id = record.run.run_id
        if record.HasField("history"):
            values = {(i.key or i.nested_key[0]): float(i.value_json) for i in record.history.item}
            points.append((int(values["_step"]), values["loss"]))
    return run_id, points


def test_wandb_offline_run_is_read_back(tmp_path: Path) -> None:
    tracker = build(Wandb(project="p", folder=str(tmp_path)))
    tracker.start(Identity("0123456789abcdef", "train", config=CONFIG, tags=TAGS))
    for step in range(5):
        tracker.log({"loss": 1.0 / (step + 1)}, step)
    tracker.finish("finished")
    (file,) = tmp_path.glob("wandb/offline-run-*/run-0123456789abcdef.wandb")
    assert wandb_history(file) == ("0123456789abcdef", [(step, 1.0 / (step + 1)) for step in range(5)])


def test_wandb_loses_nothing_older_than_flush_s_when_the_process_is_killed(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, str(tmp_path)], cwd=project_root(), stdout=subprocess.PIPE
    )
    assert process.stdout is not None and b"W&B is offline" in process.stdout.readline()
    assert process.stdout.readline() == b"logged\n"

    def written() -> list[int]:
        files = tmp_path.glob("wandb/offline-run-*/run-0123456789abcdef.wandb")
        return [step for file in files if file.stat().st_size > 7 for step, _ in wandb_history(file)[1]]

    deadline = time.monotonic() + 60  # wandb's own process writes, on a busy machine not at once
    while len(written()) < 200 and time.monotonic() < deadline:
        time.sleep(0.1)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    assert written() == list(range(200))


def test_none_writes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    tracker = build(NoTracker())
    tracker.start(Identity("0123456789abcdef", "train", config=CONFIG, tags=TAGS))
    tracker.log({"loss": 1.0}, 0)
    tracker.finish("finished")
    assert not list(tmp_path.iterdir())


def test_flat() -> None:
    assert flat({"a": {"b": {"c": 1}, "d": [1, 2]}, "e": None}) == {"a.b.c": 1, "a.d": [1, 2], "e": None}


@pytest.mark.parametrize(
    ("make", "key"),
    [
        (lambda: Mlflow(uri="runs/mlflow.db"), "tracker.uri"),
        (lambda: Mlflow(flush_s=-1.0), "tracker.flush_s"),
        (lambda: Wandb(mode="disabled"), "tracker.mode"),
    ],
)
def test_impossible_settings_are_refused(make: object, key: str) -> None:
    with pytest.raises(UsageError, match=key):
        make()  # type: ignore[operator]
