"""A campaign on a real cluster: workers are killed and preempted, and it ends with exactly the trials asked for."""

import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.trial import TrialState

from shipworthy.track.hpo.study import open_storage
from tests.slurm.conftest import ROOT, Cluster
from tests.slurm.project import SMALL, Project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(1200)]

ASKED = (
    *SMALL,
    *"hydra/launcher=slurm_cpu hydra.launcher.cpus_per_task=2 hydra.launcher.partition=low hpo=on_cluster".split(),
    *"trainer.steps=150 trainer.validate_every=50 trainer.checkpoint_every=10".split(),
)
SPACE = """defaults: [base_optuna, _self_]
space:
  optimizer.lr: {float: [1.0e-4, 1.0e-2], log: true}
  adapter.rank: {int: [2, 16], log: true}
pruner: {name: median, startup: 2}
"""


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, workspace: Path) -> Project:
    project = Project.new(tmp_path / "project", cluster, workspace)
    conf = project.folder / "conf"
    conf.unlink()
    shutil.copytree(ROOT / "conf", conf)
    (conf / "hpo" / "on_cluster.yaml").write_text(SPACE)
    return project


def campaign(project: Project) -> Path:
    found = list((project.folder / "runs" / "campaigns").glob("*/campaign.json"))
    return found[0].parent if found else project.folder / "none"


def trials(project: Project) -> list[dict[str, Any]]:
    found = [json.loads(path.read_text()) for path in campaign(project).glob("trials/*.json")]
    return sorted(found, key=lambda trial: int(trial["number"]))


def at_work(project: Project) -> list[dict[str, Any]]:
    """The attempts that run, of trials that have done some steps."""
    found = [trial["attempts"][-1] for trial in trials(project) if trial["state"] == "running" and trial["step"] >= 10]
    return [attempt for attempt in found if psutil.pid_exists(attempt["pid"])]


@pytest.mark.parametrize(("number", "workers"), [(5, 3), pytest.param(8, 4, marks=pytest.mark.long)])
def test_a_worker_is_killed_and_one_preempted_and_every_trial_is_done_once(
    project: Project, cluster: Cluster, number: int, workers: int
):
    process = project.start("tune", *ASKED, f"hpo.budget.trials={number}", f"hpo.workers={workers}")
    busy: list[dict[str, Any]] = []

    def enough() -> bool:
        busy[:] = at_work(project)
        return len(busy) >= 3

    cluster.until("some trials to get on", enough, seconds=240)
    (sweep,) = project.sweeps()
    victim, other = busy[:2]
    os.kill(victim["pid"], signal.SIGKILL)
    high = cluster.sbatch("sleep 600", "-p", "high", "-w", project.node(other["job"]), "-c", "4", "--mem=4000")
    cluster.until("the preemption", lambda: cluster.state(high) == "RUNNING")
    cluster.run("scancel", high)

    def over() -> bool:
        for worker in range(workers):  # Slurm would hold a requeued job back for two minutes
            job = project.job(sweep, worker)
            if "PENDING" in cluster.call("squeue", "-h", "-t", "all", "-j", job, "-o", "%T").stdout:
                cluster.call("scontrol", "update", f"jobid={job}", "StartTime=now")
        return process.poll() is not None

    cluster.until("the end of the campaign", over, seconds=900)
    out, err = process.communicate()
    print(out, err)
    assert process.returncode == 0, err
    ended = trials(project)
    assert [trial["number"] for trial in ended] == list(range(number))
    assert {trial["state"] for trial in ended} <= {"finished", "pruned"}
    study = optuna.load_study(study_name=campaign(project).name, storage=open_storage(campaign(project), ""))
    assert len(study.trials) == number
    assert {trial.state for trial in study.trials} <= {TrialState.COMPLETE, TrialState.PRUNED}
    attempts = [attempt for trial in ended for attempt in trial["attempts"]]
    outcomes = [attempt["outcome"] for attempt in attempts]
    assert outcomes.count("finished") + outcomes.count("pruned") == number, "none was counted twice"
    assert outcomes.count("killed") == 1
    assert outcomes.count("SIGTERM") >= 1
    assert len({attempt["job"] for attempt in attempts}) >= workers
    for trial in ended:
        run = project.folder / "runs" / trial["run_id"]
        if trial["state"] == "finished":
            history = json.loads((run / "checkpoint" / "history.json").read_text())
            assert [entry["step"] for entry in history] == list(range(1, 151)), "each step once, whatever happened"
        if len(trial["attempts"]) > 1:
            assert trial["attempts"][0].get("step", 0) < 150
    winner = json.loads((campaign(project) / "winner.json").read_text())
    assert winner["trial"] in [trial["number"] for trial in ended if trial["state"] == "finished"]
    assert f"{number} trials" in out


def test_a_detached_campaign_is_gone_on_with(project: Project, cluster: Cluster):
    small = ("hpo.budget.trials=4", "hpo.workers=4", "trainer.steps=60", "trainer.validate_every=30")
    out = project.ok("tune", *ASKED, *small, "--detach")
    assert "submitted as" in out
    cluster.until("a trial", lambda: bool(at_work(project)), seconds=240)
    (sweep,) = project.sweeps()
    cluster.run("scancel", project.job(sweep, 0).partition("_")[0])
    cluster.until("the queue to be empty", lambda: not cluster.run("squeue", "-h", "-n", sweep.name))
    launcher = [text for text in ASKED if text.startswith("hydra")]
    said = project.ok("tune", f"campaign={campaign(project).name}", *launcher, "hydra.launcher.mem_gb=1")
    assert "4 trials" in said
    assert len(trials(project)) == 4
    assert {trial["state"] for trial in trials(project)} <= {"finished", "pruned"}
