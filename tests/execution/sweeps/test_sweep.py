"""Sweeps for a cluster on a machine that has none: what is refused, and what a dry run shows."""

import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from shipworthy.cli import main
from shipworthy.config.compose import composed
from shipworthy.core.project import project_root
from tests.conftest import ROOT, Shipworthy, one_sentence

ON_CPUS = ("--multirun", "experiment=smoke", "hydra/launcher=slurm_cpu")
ON_NODES = ("--multirun", "experiment=smoke", "hydra/launcher=slurm_nodes")
Call = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("conf", "extensions", "slurm", "pyproject.toml", "requirements.lock", "params.yaml"):
        (tmp_path / name).symlink_to(ROOT / name)
    return tmp_path


@pytest.fixture
def call(project: Path, shipworthy: Shipworthy) -> Call:
    """`shipworthy …` in that project, where git is found and Slurm is not."""
    (project / "bin").mkdir()
    for tool in ("git", "env", "uname"):
        (project / "bin" / tool).symlink_to(str(shutil.which(tool)))

    def run(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
        own = {"PATH": str(project / "bin"), "XDG_CONFIG_HOME": str(project), "SHIPWORTHY_SITE": ""}
        return shipworthy(*arguments, cwd=project, **{**own, **env})

    return run


@pytest.fixture
def inside(project: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., int]]:
    """The same in this process, which is quicker; what Hydra leaves behind is put away."""
    log = logging.getLogger()
    handlers, level = log.handlers[:], log.level
    for name, value in {"PATH": str(project / "bin"), "XDG_CONFIG_HOME": str(project), "SHIPWORTHY_SITE": ""}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(project)
    monkeypatch.setattr(sys, "argv", [])
    project_root.cache_clear()

    def run(*arguments: str) -> int:
        try:
            return main(arguments)
        except SystemExit as stopped:
            return int(str(stopped.code))

    yield run
    log.handlers, log.level = handlers, level
    project_root.cache_clear()


def made(project: Path) -> list[str]:
    return [path.name for path in project.glob("runs/sweeps/*/")]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("train", "--detach", "hydra/launcher=slurm_cpu"), 2, "--detach is for sweeps: add --multirun."),
        (("train", "--dry-run"), 2, "--dry-run is for sweeps: add --multirun."),
        (("train", "-m", "--detach", "seed=1,2"), 2, "--detach is for jobs on a cluster: add hydra/launcher=slurm_cpu"),
        (("train", "-m", "--dry-run", "seed=1,2"), 2, "--dry-run is for jobs on a cluster: add hydra/launcher="),
        (("train", *ON_CPUS, "--detach", "--dry-run"), 2, "--detach and --dry-run exclude each other"),
        (("train", *ON_CPUS, "--detach", "hydra/sweeper=optuna"), 2, "--detach leaves a sweeper that chooses by"),
        (("train", "-m", "hydra/launcher=slurm_cpus"), 2, "did you mean hydra/launcher=slurm_cpu?"),
        (("train", *ON_CPUS, "hydra.launcher.nodez=2"), 2, "hydra.launcher.nodez=2: Key 'nodez' "),
        (("train", *ON_CPUS, "hydra.launcher.nodes=two"), 2, "hydra.launcher.nodes=two: "),
        (("train", *ON_CPUS, "hydra.launcher.start=ssh"), 2, "start=ssh starts nothing: choose srun or torchrun."),
        (("train", *ON_CPUS, "trainer.steps=12,0"), 2, "trainer.steps=0"),
        (("train", *ON_CPUS, "optimizer.lr=0.1,fast"), 2, "fast"),
        (("train", *ON_NODES, "trainer.devices=2", "hydra.launcher.gpus_per_node=2"), 2, "must be the same: a process"),
        (
            ("train", *ON_NODES, "trainer.devices=2"),
            2,
            "gpus_per_node=1, but trainer.devices=2: each process needs a GPU.",
        ),
        (("baseline", *ON_NODES), 2, "nodes=2 and tasks_per_node=1, but baseline is the work of one process"),
        (("train", *ON_NODES, "experiment=adult_xgboost"), 2, "but trainer 'classical' trains in one process"),
        (("sweep", "status", "train-1"), 2, "there is no sweep 'train-1' in "),
        (("sweep", "stauts", "train-1"), 2, "did you mean status?"),
        (("sweep", "status"), 2, "it is shipworthy sweep status ID [--json]."),
        (("sweep",), 2, "it is shipworthy sweep status|collect|cancel"),
        (("sweep", "status", "train-1", "-m"), 2, "it is shipworthy sweep status ID [--json]."),
    ],
)
def test_what_cannot_be_is_refused_and_leaves_nothing(inside, capsys, project, arguments, code, said):
    assert inside(*arguments) == code
    shown = capsys.readouterr()
    (sentence,) = shown.err.splitlines()
    assert said in sentence
    assert sentence.startswith(f"shipworthy {arguments[0]}: ")
    assert shown.out == ""
    assert made(project) == []


@pytest.fixture
def own_conf(project: Path) -> Path:
    """The project's conf/, as a copy that a user edits."""
    (project / "conf").unlink()
    shutil.copytree(ROOT / "conf", project / "conf")
    return project / "conf"


@pytest.mark.parametrize("chosen", [True, False])
@pytest.mark.parametrize(
    ("file", "text", "key"),
    [
        ("hydra/launcher/mine.yaml", "_target_: os.system\n", "_target_"),
        ("hydra/launcher/mine.yaml", "defaults: [base_slurm, _self_]\n_target_: os.system\n", "_target_"),
        (
            "hydra/launcher/mine.yaml",
            "_target_: hydra._internal.core_plugins.basic_launcher.BasicLauncher\n",
            "_target_",
        ),
        (
            "hydra/sweeper/mine.yaml",
            "defaults: [base_optuna, _self_]\nsampler: {_target_: os.system}\n",
            "sampler._target_",
        ),
        ("optimizer/mine.yaml", "defaults: [base_adamw, _self_]\n_target_: os.system\n", "_target_"),
        (
            "experiment/mine.yaml",
            "# @package _global_\nhydra: {callbacks: {mine: {_target_: os.system}}}\n",
            "hydra.callbacks.mine._target_",
        ),
    ],
)
def test_a_file_that_names_a_class_is_one_sentence(inside, capsys, project, own_conf, file, text, key, chosen):
    (own_conf / file).write_text(text)
    group = str(Path(file).parent)
    assert inside("train", "-m", "seed=1,2", *([f"{group}=mine"] if chosen else [])) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert sentence == (
        f"shipworthy train: {own_conf / file}: {key} names a class to import, which no config may: remove it."
    )


@pytest.mark.parametrize("text", ["_target_: os.system\n", '"\\x5ftarget_": os.system\n'], ids=["plain", "escaped"])
def test_a_folder_on_hydras_search_path_is_looked_at_too(inside, capsys, project, text):
    (project / "extra" / "hydra" / "callbacks").mkdir(parents=True)
    (project / "extra" / "hydra" / "callbacks" / "mine.yaml").write_text(f"mine:\n  {text}")
    assert inside("train", "-m", f"hydra.searchpath=[file://{project}/extra]", "hydra/callbacks=mine") == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "_target_ names a class to import, which no config may: remove it." in sentence


@pytest.mark.parametrize(
    "choice", ["hydra/launcher=submitit_local", "hydra/sweeper=optuna hydra/sweeper/sampler=random"]
)
def test_what_installed_plugins_declare_is_no_class_of_a_config(choice):
    found = composed(choice.split(), with_hydra=True).hydra
    assert "submitit" in found.launcher._target_ or "Random" in found.sweeper.sampler._target_


def test_no_slurm(call, project):
    done = call("plan", *ON_CPUS, "optimizer.lr=0.1,0.2")
    assert one_sentence(done) == (
        "shipworthy plan: There is no scontrol on this machine: submit from a login node of a Slurm cluster, or bring "
        "one up with slurm/testcluster up."
    )
    assert done.returncode == 1
    assert made(project) == []


def test_a_workspace_without_plan_or_dataset_is_refused_before_anything_is_submitted(call, project):
    """In one sentence, with the commands that make them: without what only the jobs themselves are given."""
    swept = ("optimizer.lr=0.1,0.2", "data.sample=0.5", "trainer.checkpoint_every=5", "note='what if'")
    done = call("train", *ON_CPUS, *swept, "workspace=elsewhere")
    assert done.returncode == 1
    assert one_sentence(done) == (
        f"shipworthy train: There is no plan and no dataset in {project}/elsewhere, and train reads it: run "
        "`shipworthy plan experiment=smoke optimizer.lr=0.1 data.sample=0.5 trainer.checkpoint_every=5 "
        "workspace=elsewhere`, then `shipworthy prepare experiment=smoke data.sample=0.5 workspace=elsewhere` first."
    )
    assert made(project) == []
    assert not (project / "runs/snapshots").exists()


def test_a_broken_site_file_is_named(call, project):
    (project / "site.yaml").write_text("acount: mine\n")
    done = call("plan", *ON_CPUS, SHIPWORTHY_SITE=str(project / "site.yaml"))
    assert f"{project}/site.yaml: there is no key acount: did you mean account?" in one_sentence(done)
    assert done.returncode == 2
    assert made(project) == []


def test_a_dry_run_shows_the_script_and_leaves_nothing(call, project):
    (project / "site.yaml").write_text("account: mine\n")
    site = {"SHIPWORTHY_SITE": str(project / "site.yaml")}
    done = call("train", *ON_NODES, "--dry-run", "optimizer.lr=0.1,0.2", "hydra.launcher.start=torchrun", **site)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "#!/bin/bash"
    for line in ("--account=mine", "--array=0,1%2", "--nodes=2", "--gpus-per-node=1"):
        assert f"#SBATCH {line}" in lines
    assert "torch.distributed.run" in done.stdout
    assert re.search(rf"PYTHONPATH={project}/runs/snapshots/[0-9a-f]{{16}}/src", done.stdout)
    checked = subprocess.run(["bash", "-n"], input=done.stdout, capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
    assert made(project) == []
    assert not (project / "runs/snapshots").exists()


def test_a_sweep_on_this_machine_needs_no_slurm(call, project):
    done = call("train", "--multirun", "experiment=smoke", "optimizer.lr=0.1,0.2", f"workspace={project}/nothing")
    assert "nothing/plan" in done.stderr, "the first job was begun"
    assert "Traceback" not in done.stdout + done.stderr
    assert done.returncode == 1
    assert made(project) == []
