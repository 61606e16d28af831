"""`shipworthy sweep …` from another shell, and what a sweep runs while its project goes on being edited."""

import json
import shutil
import time
from pathlib import Path

import pytest
import yaml

from tests.conftest import ROOT
from tests.slurm.conftest import Cluster
from tests.slurm.project import Project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1200)]

HOW = ("hydra/launcher=slurm_cpu", "hydra.launcher.cpus_per_task=2")
STEPS = "trainer.steps=1000 trainer.validate_every=1000 trainer.checkpoint_every=10".split()


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, workspace: Path) -> Project:
    """One with code and config of its own."""
    made = Project.new(tmp_path / "project", cluster, workspace)
    for name in ("src", "conf", "extensions"):
        (made.folder / name).unlink()
        shutil.copytree(ROOT / name, made.folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    return made


def record(sweep: Path) -> dict:
    return json.loads((sweep / "sweep.json").read_text())


def rows(shown: str) -> list[list[str]]:
    """The table's cells: job, Slurm's id, state, steps, …"""
    return [line.split() for line in shown.splitlines() if line[:1].isdigit() and "_" in line.split()[1]]


def test_a_sweep_is_cancelled_retried_and_adopted_while_its_project_is_edited(project: Project, cluster: Cluster):
    own = {"PYTHONPATH": str(project.folder / "src")}
    held = project.submit(*HOW, "optimizer.lr=0.001", "+hydra.launcher.additional_parameters.hold=true", **own)
    sweep = project.submit(*HOW, *STEPS, "optimizer.lr=0.001,0.002", "hydra.launcher.array_parallelism=1", **own)
    snapshot = project.folder / record(sweep)["snapshot"]
    assert project.folder / record(held)["snapshot"] == snapshot, "both are of the same state"
    assert [path.name for path in snapshot.parent.glob("[!.]*")] == [snapshot.name]

    # Whatever is edited now, no job sees it.
    edited = project.folder / "src/shipworthy/execution/stage.py"
    before = edited.read_text()
    edited.write_text(before.replace("    groups = {", "    raise RuntimeError('edited')\n    groups = {"))
    assert edited.read_text() != before
    (project.folder / "conf/trainer/lightning.yaml").write_text("edited")
    broken = project.call("train", "experiment=adult_xgboost", **own)
    assert "RuntimeError: edited" in broken.stderr

    project.gets_to(sweep, 0, 20)
    shown = rows(project.ok("sweep", "status", sweep.name))
    assert [row[2] for row in shown] == ["running", "waiting"]
    step, steps = map(int, shown[0][3].split("/"))
    assert (20 <= step < steps, steps) == (True, 1000)

    for one, jobs in ((sweep, 2), (held, 1)):
        assert f"{jobs} of {jobs} jobs cancelled" in project.ok("sweep", "cancel", one.name)
    cluster.until("the jobs to be gone", lambda: cluster.run("squeue", "-h", "--me") == "")
    time.sleep(5)  # a requeue would show by now
    assert cluster.run("squeue", "-h", "--me") == ""
    shown = project.ok("sweep", "status", sweep.name)
    assert [row[2] for row in rows(shown)] == ["cancelled", "cancelled"]
    assert [row[2] for row in rows(project.ok("sweep", "status", held.name))] == ["cancelled"]
    stopped = project.step(sweep, 0)
    assert project.status(sweep, 0)["attempts"][0]["outcome"] == "stopped: SIGTERM", "it left a checkpoint"

    project.ok("sweep", "retry-failed", sweep.name)
    done = project.call("sweep", "collect", sweep.name, seconds=800)
    assert done.returncode == 0, done.stdout + done.stderr
    collected = done.stdout
    assert [row[2:4] for row in rows(collected)] == [["finished", "1000/1000"]] * 2
    log = (sweep / "jobs/0/log-0.txt").read_text()
    assert f"going on from step {stopped} of 1000" in log
    assert "edited" not in log
    assert [one["indices"] for one in record(sweep)["submissions"]] == [[0, 1], [0, 1]]
    assert project.folder / record(sweep)["snapshot"] == snapshot
    assert str(snapshot) in (sweep / "job.sbatch").read_text()
    again = project.call("sweep", "retry-failed", sweep.name)
    assert "there is nothing to do again" in again.stderr

    best = yaml.safe_load((sweep / "jobs/0/params.yaml").read_text())
    assert "best: job 0, optimizer.lr=0.001" in collected
    project.ok("sweep", "adopt", sweep.name)
    assert yaml.safe_load((project.folder / "params.yaml").read_text()) == best
    shutil.rmtree(project.folder / "conf")
    (project.folder / "conf").symlink_to(ROOT / "conf")
    edited.write_text(before)  # the project's code is what runs again
    done = project.ok("train", "--params", "params.yaml")
    assert f"run {project.status(sweep, 0)['run_id']} is done already" in done
    assert (project.folder / "artifacts/checkpoint/manifest.json").is_file()


def test_what_has_not_begun_cannot_be_adopted(project: Project):
    sweep = project.submit(*HOW, "optimizer.lr=0.001", "+hydra.launcher.additional_parameters.hold=true")
    done = project.call("sweep", "adopt", sweep.name)
    project.ok("sweep", "cancel", sweep.name)
    assert done.returncode == 1
    assert done.stderr.startswith(f"shipworthy sweep: no job of sweep {sweep.name} has finished with a metric")
    assert len(done.stderr.splitlines()) == 1
