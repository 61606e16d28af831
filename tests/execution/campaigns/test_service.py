"""`shipworthy tune` on a real, small pipeline: what it refuses, what it does, and how it goes on."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shipworthy.cli import main
from shipworthy.core.project import project_root
from tests.conftest import PROGRAM, ROOT, Shipworthy

ADULT = (
    "experiment=adult_xgboost",
    "data.sample=0.02",
    "tracker=none",
    "preflight=off",
    "trainer.accept_unfit_plan=true",
)
pytestmark = pytest.mark.e2e  # all of it stands on the real data
QUICK = ("hpo=xgboost", "model.rounds=30", "model.threads=1")
LINKED = ("data", "slurm", "src", "pyproject.toml", "requirements.lock", "params.yaml")
Tune = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module")
def workspace(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project of its own with plan and dataset of a fiftieth of Adult."""
    folder = tmp_path_factory.mktemp("campaigns") / "project"
    folder.mkdir()
    for name in LINKED:
        (folder / name).symlink_to(ROOT / name)
    for name in ("conf", "extensions"):
        shutil.copytree(ROOT / name, folder / name)
    for command in ("plan", "prepare"):
        done = shipworthy(command, *ADULT, cwd=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


@pytest.fixture
def project(workspace: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    shutil.copytree(workspace, folder, symlinks=True)
    return folder


@pytest.fixture
def tune(project: Path, shipworthy: Shipworthy) -> Tune:
    def call(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        return shipworthy("tune", *arguments, cwd=project, OMP_NUM_THREADS="1", **env)

    return call


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The same in this process, which is quicker."""
    monkeypatch.chdir(project)
    project_root.cache_clear()

    def run(*arguments: str) -> int:
        try:
            return main(["tune", *arguments])
        except SystemExit as stopped:
            return int(str(stopped.code))

    yield run
    project_root.cache_clear()


def own(project: Path, text: str) -> str:
    """A choice of group hpo with this space."""
    (project / "conf" / "hpo" / "own.yaml").write_text(f"defaults: [base_optuna, _self_]\nspace:\n  {text}\n")
    return "hpo=own"


def campaigns(project: Path) -> list[Path]:
    return sorted((project / "runs" / "campaigns").glob("*/campaign.json"))


def trials(project: Path) -> list[dict[str, Any]]:
    (record,) = campaigns(project)
    found = [json.loads(path.read_text()) for path in (record.parent / "trials").glob("*.json")]
    return sorted(found, key=lambda trial: int(trial["number"]))


@pytest.mark.parametrize(
    ("space", "code", "said"),
    [
        ("model.max_dept: {int: [2, 3]}", 2, "hpo.space: there is no model.max_dept: did you mean model.max_depth?"),
        ("model.max_depth: {int: [0, 3]}", 2, "hpo.space: model.max_depth, with model.max_depth=0: model.max_depth=0"),
        ("optimizer.lr: {float: [0.1, 0.2]}", 2, "optimizer.lr is no part of optimizer 'none'"),
        (
            "adapter: {categorical: [lora, none]}",
            2,
            "hpo.space: adapter, with adapter=lora: model 'xgboost' needs adapter",
        ),
        (
            "adapter: {categorical: [none, lorra]}",
            2,
            "adapter=lorra: there is no adapter 'lorra': did you mean adapter=lora?",
        ),
        ("data.sample: {float: [0.1, 0.2]}", 2, "data.sample has no effect on a training: drop it."),
        ("preflight: {categorical: ['on', 'off']}", 2, "preflight has no effect on a training"),
        ("{}", 2, "hpo.space is empty"),
    ],
)
def test_a_space_that_cannot_be_is_refused(inside, project, capsys, space, code, said):
    assert inside(*ADULT, own(project, space)) == code
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("shipworthy tune: ") and said in sentence
    assert campaigns(project) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("model.max_depth=3",), "model.max_depth is in hpo.space, and given: drop one of them."),
        (("model.max_depth=3,4",), "model.max_depth=3,4 asks for several runs"),
        (("validation_share=0.5",), "validation_share=0.5 can't be given to a campaign: drop it; hpo.unseen says"),
        (("sample=1%",), "sample=1% needs a trainer that makes steps"),
        (("preflight=only",), "preflight=only makes no run"),
        (("hpo.unseen=0.9999",), "leaves none on one side"),
        (("hpo.budget.gpu_hours=1",), "hpo.budget.gpu_hours has no effect where workers hold no GPU"),
        (("hpo.budget.money=1", "compute.price_per_hour=0"), "hpo.budget.money has no effect where"),
        (("model.rounds=10",), "a trial's first validation is at step 10 of 10, so none could be ended early"),
        (("--detach",), "--detach is for jobs on a cluster: add hydra/launcher=slurm_cpu"),
        (("--multirun",), "tune makes many runs by itself: drop --multirun."),
        (("hydra.launcher.timeout_min=3",), "hydra.launcher.timeout_min=3"),
        (
            ("hydra/launcher=submitit_local",),
            "hydra/launcher=submitit_local has no effect on a campaign of this machine",
        ),
        (("campaign=tune-0",), "campaign=tune-0 goes on with what was asked for then: drop "),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(inside, project, capsys, arguments, said):
    assert inside(*ADULT, *QUICK, *arguments) == 2
    sentence = capsys.readouterr().err.strip().splitlines()[-1]
    assert sentence.startswith("shipworthy tune: ") and said in sentence
    assert campaigns(project) == []


@pytest.mark.timeout(600)
def test_a_campaign_from_its_begin_to_its_report_and_on(tune, project):
    done = tune(*ADULT, *QUICK, "hpo.budget.trials=5")
    assert done.returncode == 0, done.stdout + done.stderr
    (record,) = campaigns(project)
    found = trials(project)
    assert len(found) == 5
    assert {trial["state"] for trial in found} <= {"finished", "pruned"}
    runs = {trial["run_id"] for trial in found}
    assert len(runs) == 5
    best = max((trial for trial in found if trial["state"] == "finished"), key=lambda trial: trial["values"]["metric"])
    for trial in found:
        about = json.loads((project / "runs" / trial["run_id"] / "record.json").read_text())
        assert about["campaign"] == {"name": record.parent.name, "trial": trial["number"]}
        assert about["config"]["validation_share"] == 0.7
        for key, value in trial["params"].items():
            assert about["config"][key.partition(".")[0]][key.partition(".")[2]] == value
    training = json.loads((project / "runs" / best["run_id"] / "checkpoint" / "training.json").read_text())
    assert training["selected_metric"] == best["values"]["metric"]
    winner = json.loads((record.parent / "winner.json").read_text())
    assert winner["trial"] == best["number"] and winner["run_id"] == best["run_id"]
    seen, unseen = winner["seen"], winner["unseen"]
    assert seen["value"] == pytest.approx(best["values"]["metric"])
    assert seen["rows"] > unseen["rows"] > 0, "most validation rows chose it, the others judge it"
    assert unseen["low"] < unseen["value"] < unseen["high"]
    assert (record.parent / "report.html").is_file()
    assert f"best metric {best['values']['metric']:.4g} (trial {best['number']})" in done.stdout
    assert not (project / "artifacts" / "checkpoint").exists(), "trials don't touch the workspace"

    again = tune(*ADULT, *QUICK, "hpo.budget.trials=7")
    assert again.returncode == 0, again.stdout + again.stderr
    assert "7 trials, 5 of them begun before" in again.stdout
    more = trials(project)
    assert more[:5] == found and len(more) == 7, "it went on with the same campaign"
    fewer = tune(*ADULT, *QUICK, "hpo.budget.trials=6")
    assert f"campaign {record.parent.name} has begun 7 already" in fewer.stderr
    assert fewer.returncode == 2
    named = tune(f"campaign={record.parent.name}")
    assert named.returncode == 0 and trials(project) == more


@pytest.mark.timeout(600)
def test_ctrl_c_leaves_everything_to_be_gone_on_with(tune, project):
    long = (*ADULT, "hpo=xgboost", "model.rounds=40000", "model.early_stopping_rounds=40000", "model.threads=1")
    arguments = (*long, "hpo.budget.trials=2", "hpo.pruner={name:none,first_step:null,last_step:null,reduction:null}")
    process = subprocess.Popen(
        [PROGRAM, "tune", *arguments], cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    deadline = time.monotonic() + 90
    while not campaigns(project) or sum(trial["step"] > 10 for trial in trials(project)) < 2:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    _, said = process.communicate(timeout=60)
    assert "shipworthy tune: stopped by SIGINT: the trials that ran are saved; run it again to go on." in said
    assert process.returncode == 75
    assert [trial["state"] for trial in trials(project)] == ["waiting"] * 2
    assert [trial["attempts"][0]["outcome"] for trial in trials(project)] == ["SIGTERM"] * 2
    (record,) = campaigns(project)
    about = json.loads(record.read_text())
    about["overrides"] = [text.replace("40000", "20") for text in about["overrides"]]  # what is left is quick
    record.write_text(json.dumps(about))
    assert tune(f"campaign={record.parent.name}").returncode == 0
    assert [trial["state"] for trial in trials(project)] == ["finished"] * 2
    assert [len(trial["attempts"]) for trial in trials(project)] == [2, 2]


def test_there_is_no_such_campaign(inside, capsys):
    assert inside("campaign=tune-12345678") == 2
    assert "there is no campaign 'tune-12345678' in " in capsys.readouterr().err


@pytest.mark.parametrize(("kind", "maker"), [("plan", "plan"), ("dataset", "prepare")])
def test_a_missing_plan_or_dataset_is_a_sentence(inside, project, capsys, kind, maker):
    shutil.rmtree(project / "artifacts" / kind)
    assert inside(*ADULT, *QUICK) == 1
    said = capsys.readouterr().err.splitlines()[-1]
    assert said.startswith(f"shipworthy tune: There is no {kind} in {project}/artifacts, and train reads it: run ")
    assert f"`shipworthy {maker} experiment=adult_xgboost data.sample=0.02 " in said
    assert campaigns(project) == []


def test_a_dry_run_shows_the_workers_script_and_leaves_nothing(inside, project, capsys):
    assert inside(*ADULT, *QUICK, "hydra/launcher=slurm_cpu", "--dry-run", "hpo.workers=3") == 0
    shown = capsys.readouterr().out
    assert "#SBATCH --array=0,1,2%3" in shown
    assert "-m shipworthy.execution.node" in shown
    assert campaigns(project) == []


def test_a_dry_run_that_is_refused_says_why(inside, project, capsys, tmp_path, monkeypatch):
    (tmp_path / "site.yaml").write_text("acount: lab\n")
    monkeypatch.setenv("SHIPWORTHY_SITE", str(tmp_path / "site.yaml"))
    assert inside(*ADULT, *QUICK, "hydra/launcher=slurm_cpu", "--dry-run") != 0
    assert "did you mean account?" in capsys.readouterr().err.strip().splitlines()[-1]
    assert campaigns(project) == []
