"""The scripts on a real cluster: Slurm takes them, and those for several nodes train on two."""

import json
from pathlib import Path

import pytest

from shipworthy.core.files import read_json
from tests.slurm.conftest import Cluster
from tests.slurm.project import Project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(600)]

SITE = {
    "account": "lab",
    "partition": "main",
    "preemptible_partition": "low",
    "modules": ["cuda/12.4"],
    "env": {"HF_HUB_OFFLINE": 1},
    "container": {"runtime": "apptainer", "image": "/shared/shipworthy.sif"},
}
SIZE = ("hydra.launcher.cpus_per_task=2", "hydra.launcher.mem_gb=4")
TWO_EACH = ("hydra.launcher.tasks_per_node=2", "hydra.launcher.gpus_per_node=2", "trainer.devices=2")
LOW = ("hydra.launcher.partition=low", "hydra.launcher.start=torchrun")
STEPS = "trainer.steps=120 trainer.validate_every=60 trainer.checkpoint_every=20".split()


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, workspace: Path) -> Project:
    return Project.new(tmp_path / "project", cluster, workspace)


@pytest.mark.parametrize(
    ("launcher", "overrides", "asks"),
    [
        ("slurm_cpu", ("seed=1,2,3,4,5,6",), ("--array=0,1,2,3,4,5%6", "--partition=main")),
        ("slurm_gpu", ("seed=1",), ("--gpus-per-node=1", "--account=lab")),
        ("slurm_preemptible", ("seed=1",), ("--partition=low", "--requeue")),
        ("slurm_nodes", ("seed=1",), ("--nodes=2", "--ntasks-per-node=1")),
        ("slurm_nodes", ("seed=1", *TWO_EACH), ("--nodes=2", "--ntasks-per-node=2", "--cpus-per-task=2")),
        (
            "slurm_nodes",
            ("seed=1", *TWO_EACH, "hydra.launcher.start=torchrun"),
            ("--nodes=2", "--ntasks-per-node=1", "--cpus-per-task=4"),
        ),
    ],
)
def test_slurm_takes_it(project, cluster, tmp_path, launcher, overrides, asks):
    (tmp_path / "site.yaml").write_text(json.dumps(SITE))
    how = ("--multirun", "--dry-run", "experiment=smoke", f"hydra/launcher={launcher}", *SIZE, *overrides)
    script = project.ok("train", *how, SHIPWORTHY_SITE=str(tmp_path / "site.yaml"))
    assert {f"#SBATCH {one}" for one in asks} <= set(script.splitlines())
    (tmp_path / "job.sbatch").write_text(script)
    done = cluster.call("sbatch", "--test-only", tmp_path / "job.sbatch")
    assert done.returncode == 0, done.stderr
    assert "to start at" in done.stderr
    assert project.sweeps() == []


def test_srun_and_torchrun_train_on_two_nodes(project: Project, cluster: Cluster):
    """At the same time; the one by torchrun is longer, and is preempted."""
    how = ("hydra/launcher=slurm_nodes", "hydra.launcher.cpus_per_task=1")
    ran = project.submit(*how, "optimizer.lr=0.001")
    torn = project.submit(*how, "optimizer.lr=0.002", *LOW, *STEPS)
    project.gets_to(torn, 0, 10)
    project.preempt(torn, 0)
    for sweep, steps in ((ran, 12), (torn, 120)):
        project.ok("sweep", "collect", sweep.name)
        first, second = [(sweep / "jobs/0" / f"log-{node}.txt").read_text() for node in (0, 1)]
        assert "over 2 processes" in first
        assert f"step {steps}: validation" in first
        assert "validation" not in second and "loss" not in second, "only the first process tells of its steps"
        status = project.status(sweep, 0)
        assert (status["state"], status["step"], status["steps"]) == ("finished", steps, steps)
        history = read_json(project.checkpoint(sweep, 0) / "history.json")
        assert [entry["step"] for entry in history] == list(range(1, steps + 1))
    runs = [path for path in (project.folder / "runs").iterdir() if (path / "record.json").is_file()]
    assert len(runs) == 2, "one folder for each run, not for each process or start"
    outcomes = [[one["outcome"] for one in project.status(sweep, 0)["attempts"]] for sweep in (ran, torn)]
    assert outcomes == [["finished"], ["requeued: SIGTERM", "finished"]]
