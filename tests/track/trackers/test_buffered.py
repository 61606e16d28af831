"""A tracker that the run need not wait for, over real local stores."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from shipworthy.core.project import project_root
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.forwarder import sync
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.schema import Wandb
from tests.track.test_trackers import wandb_history

CONFIG = {"seed": 17}
STEPS = 50

SCRIPT = """
import os, signal, sys
from pathlib import Path
from shipworthy.track.trackers.schema import Mlflow
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.identity import Identity
run = Path(sys.argv[1])
tracker = BufferedTracker(Mlflow(uri=f"sqlite:///{run}/mlflow.db", flush_s=1000.0), run / "tracker")
tracker.start(Identity(run.name, "train", config={"seed": 17}))
for step in range(1, 51):
    tracker.log({"loss": 1.0 / step}, step)
os.kill(os.getpid(), signal.SIGKILL)
"""


def history(run: Path) -> tuple[str, list[tuple[int, float]]]:
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{run}/mlflow.db")
    (found,) = client.search_runs([client.get_experiment_by_name("shipworthy").experiment_id])
    points = client.get_metric_history(found.info.run_id, "loss")
    return found.info.status, sorted((point.step, point.value) for point in points)


def expected(steps: int) -> list[tuple[int, float]]:
    return [(step, 1.0 / step) for step in range(1, steps + 1)]


def test_a_run_that_is_killed_loses_nothing(run: Path, database: Path) -> None:
    done = subprocess.run([sys.executable, "-c", SCRIPT, str(run)], cwd=project_root(), check=False)
    assert done.returncode == -signal.SIGKILL
    assert history(run) == ("RUNNING", [])
    assert sync(run) == STEPS
    assert history(run) == ("KILLED", expected(STEPS))
    assert sync(run) == 0


def test_wandb_offline_through_the_journal_is_read_back(run: Path) -> None:
    tracker = BufferedTracker(Wandb(project="p", folder=str(run), flush_s=0.1), run / "tracker")
    tracker.start(Identity(run.name, "train", config=CONFIG))
    for step in range(1, STEPS + 1):
        tracker.log({"loss": 1.0 / step}, step)
        if step % 10 == 0:
            tracker.sample({"system/cpu_percent": 50.0}, step // 10)
            tracker.flush()
    tracker.alert("overfitting", "the gap grows", 50)
    tracker.finish("finished")
    (file,) = run.glob(f"wandb/offline-run-*/run-{run.name}.wandb")
    assert wandb_history(file) == (run.name, expected(STEPS))
    assert b"overfitting" in file.read_bytes() and b"system/cpu_percent" in file.read_bytes()


def test_wandbs_own_process_killed_in_mid_run_does_not_take_the_run_down(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    import psutil

    tracker = BufferedTracker(Wandb(project="p", folder=str(run), flush_s=0.1), run / "tracker", finish_timeout_s=30.0)
    tracker.start(Identity(run.name, "train", config=CONFIG))
    for step in range(1, 11):
        tracker.log({"loss": 1.0 / step}, step)
    tracker.flush()
    cores = [child for child in psutil.Process().children(recursive=True) if "wandb" in child.name()]
    assert cores
    for child in cores:
        os.kill(child.pid, signal.SIGKILL)
    for step in range(11, 21):
        tracker.log({"loss": 1.0 / step}, step)
    tracker.finish("finished")
    sync(run)
    points = [point for file in run.glob("wandb/offline-run-*/*.wandb") for point in wandb_history(file)[1]]
    assert set(expected(20)[10:]) <= set(points), capsys.readouterr().out
