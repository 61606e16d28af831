"""Sweeps on a real cluster: jobs raise, are preempted, lose their nodes and their submitter, and nothing is lost."""

import json
import os
import re
import signal
from pathlib import Path

import pytest
from mlflow import MlflowClient

from shipworthy.core.files import read_json, sha256_of_file
from tests.slurm.conftest import Cluster
from tests.slurm.project import SMALL, Project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1500)]

STEPS = "trainer.steps=200 trainer.validate_every=100 trainer.checkpoint_every=20".split()
LONG = ("trainer.steps=600", *STEPS[1:])
"""Long enough to be preempted twice on a quick machine, though a job tells its steps every two seconds only."""
WHOLE_NODE = ("hydra/launcher=slurm_cpu", "hydra.launcher.cpus_per_task=4", "hydra.launcher.partition=low")
HALF_NODE = ("hydra/launcher=slurm_cpu", "hydra.launcher.cpus_per_task=2", "tracker=mlflow")
TWO_NODES = ("hydra/launcher=slurm_nodes", "hydra.launcher.cpus_per_task=1")


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, workspace: Path) -> Project:
    return Project.new(tmp_path / "project", cluster, workspace)


def adapter(checkpoint: Path) -> str:
    return sha256_of_file(checkpoint / "adapter" / "adapter_model.safetensors")


def ledger(checkpoint: Path) -> str:
    return str(read_json(checkpoint / "training.json")["ledger"])


def undisturbed(project: Project, *overrides: str) -> Path:
    """The same run without a cluster, in a workspace of its own."""
    there = Project.new(project.folder.parent / "undisturbed", project.cluster, project.folder / "artifacts")
    there.ok("train", "experiment=smoke", *overrides)
    return there.folder / "artifacts" / "checkpoint"


@pytest.mark.parametrize(
    ("rates", "preemptions"),
    [
        (["0.001", "0.002", "1e30"], 1),
        pytest.param(["0.001", "0.002", "1e30", "0.003", "0.004", "0.005"], 2, marks=pytest.mark.long),
    ],
)
def test_a_raise_and_preemptions(project: Project, cluster: Cluster, rates: list[str], preemptions: int):
    sweep = project.submit(*WHOLE_NODE, *LONG, f"optimizer.lr={','.join(rates)}")
    reached = 5
    for _ in range(preemptions):
        project.gets_to(sweep, 1, reached + 5)  # it has begun to make steps of its own
        project.preempt(sweep, 1)
        reached = project.step(sweep, 1)
    collected = project.call("sweep", "collect", sweep.name, seconds=900)
    print(collected.stdout, collected.stderr)
    assert collected.returncode == 1
    jobs = len(rates)
    assert f"1 of {jobs} jobs gave no result (job 2;" in collected.stderr
    assert "Traceback" not in collected.stderr
    rows = [line.split() for line in collected.stdout.splitlines() if re.match(r"^[0-5]  +\d+_", line)][-jobs:]
    assert [(row[2], row[3]) for row in rows if row[0] != "2"] == [("finished", "600/600")] * (jobs - 1)
    assert rows[2][2] == "failed"
    assert f"job 2 failed: {project.status(sweep, 2)['said']}" in collected.stdout
    assert rows[1][4] == str(preemptions), "restarts"
    attempts = project.status(sweep, 1)["attempts"]
    assert [one["outcome"] for one in attempts] == [*["requeued: SIGTERM"] * preemptions, "finished"]
    stopped = [one["step"] for one in attempts[:-1]]
    assert stopped == sorted(set(stopped)) and stopped[-1] < 600, "it went on from where it was"
    alone = undisturbed(project, *LONG, f"optimizer.lr={rates[1]}")
    assert adapter(project.checkpoint(sweep, 1)) == adapter(alone)
    assert ledger(project.checkpoint(sweep, 1)) == ledger(alone)


def test_the_submitter_is_killed(project: Project, cluster: Cluster):
    process = project.start("train", "--multirun", *SMALL, *WHOLE_NODE, "optimizer.lr=0.001,0.002")

    def submitted() -> bool:
        queued = cluster.run("squeue", "-h", "-o", "%j").split()  # jobs of the test before may still be among them
        return any(sweep.name in queued for sweep in project.sweeps())

    cluster.until("the submission", submitted, seconds=120)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    (sweep,) = project.sweeps()
    collected = project.ok("sweep", "collect", sweep.name)
    assert "2 finished" in collected
    assert [project.status(sweep, n)["step"] for n in (0, 1)] == [12, 12]


def test_a_job_id_that_nobody_noted_is_found(project: Project):
    sweep = project.submit(*WHOLE_NODE, "optimizer.lr=0.001,0.002")
    record = json.loads((sweep / "sweep.json").read_text())
    record["submissions"][0]["job"] = None
    (sweep / "sweep.json").write_text(json.dumps(record))
    assert "2 finished" in project.ok("sweep", "collect", sweep.name)


def test_a_node_is_killed_under_two(project: Project, cluster: Cluster):
    sweep = project.submit(*TWO_NODES, *STEPS, "optimizer.lr=0.001")
    project.gets_to(sweep, 0, 25)
    nodes = cluster.run("scontrol", "show", "hostnames", project.node(project.job(sweep, 0))).split()
    cluster.kill_node(nodes[1])
    try:
        project.goes_on(sweep, 0, 1)
        collected = project.ok("sweep", "collect", sweep.name)
    finally:
        cluster.revive(nodes[1])
    print(collected)
    assert "200/200" in collected
    outcomes = [one["outcome"] for one in project.status(sweep, 0)["attempts"]]
    assert outcomes == ["requeued: a process was lost", "finished"]
    history = read_json(project.checkpoint(sweep, 0) / "history.json")
    assert [entry["step"] for entry in history] == list(range(1, 201))
    runs = [path for path in (project.folder / "runs").iterdir() if (path / "record.json").is_file()]
    assert len(runs) == 1, "one run folder for all processes and starts"
    alone = undisturbed(project, *STEPS, "optimizer.lr=0.001")
    assert ledger(alone) == ledger(project.checkpoint(sweep, 0))


def test_a_signal_during_imports(project: Project, cluster: Cluster):
    """The short form of what follows, without the time limit, of which Slurm tells within 30 s only."""
    sweep = project.submit(*HALF_NODE, *STEPS)
    sent_during_imports(project, sweep)
    project.goes_on(sweep, 0, 1)
    trained_once(project, sweep, [200], ["requeued: SIGUSR1"])


def sent_during_imports(project: Project, sweep: Path) -> None:
    """USR1, to the first job, as soon as it has a process."""
    job, cluster = project.job(sweep, 0), project.cluster
    cluster.until("its process", lambda: f"{job}.0" in cluster.run("squeue", "-h", "--steps", "-o", "%i"))
    cluster.run("scancel", "--signal=USR1", job)


def trained_once(project: Project, sweep: Path, planned: list[int], requeued: list[str]) -> None:
    """Each job was requeued so, finished, and its tracker shows one run with each step once."""
    collected = project.call("sweep", "collect", sweep.name, seconds=1000)
    assert f"{len(planned)} finished" in collected.stdout, collected.stdout + collected.stderr
    outcomes = [[one["outcome"] for one in project.status(sweep, n)["attempts"]] for n in range(len(planned))]
    assert outcomes == [[outcome, "finished"] for outcome in requeued]
    client = MlflowClient(f"sqlite:///{project.folder}/runs/mlflow.db")
    runs = client.search_runs([e.experiment_id for e in client.search_experiments()])
    runs = [run for run in runs if "mlflow.parentRunId" in run.data.tags]  # one more stands for the sweep
    assert [run.info.status for run in runs] == ["FINISHED"] * len(planned), "one run for each job, not for each start"
    noted = [sorted(m.step for m in client.get_metric_history(run.info.run_id, "loss")) for run in runs]
    assert sorted(noted, key=len) == [list(range(1, steps + 1)) for steps in planned]


@pytest.mark.long
def test_a_signal_during_imports_and_the_time_limit(project: Project, cluster: Cluster):
    planned = [200, 4000]  # the other one must outlast its imports and the 30 s in which Slurm looks once
    sweep = project.submit(*HALF_NODE, *STEPS[1:], f"trainer.steps={planned[0]},{planned[1]}")
    job = project.job(sweep, 1)
    sent_during_imports(project, sweep)
    cluster.until("the other", lambda: cluster.state(job) == "RUNNING")
    # What is left of its time is less than the warning before the end: Slurm sends USR2 when it looks, within 30 s.
    cluster.run("scontrol", "update", f"jobid={job}", "TimeLimit=1")
    cluster.until("the requeue", lambda: project.status(sweep, 1).get("state") == "stopped", seconds=180)
    cluster.until("the queue", lambda: cluster.state(job) == "PENDING")
    cluster.run("scontrol", "update", f"jobid={job}", "TimeLimit=60")
    for n in (0, 1):
        project.goes_on(sweep, n, 1)
    trained_once(project, sweep, planned, ["requeued: SIGUSR1", "requeued: SIGUSR2"])
