"""The scripts that Slurm gets, compared with golden files, rendered from the config as a user composes it.

`UPDATE_GOLDEN=1 pytest tests/launch/test_script.py` writes the files anew; `git diff` then shows what that changes.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from shipworthy.config.compose import composed
from shipworthy.core.errors import UsageError
from shipworthy.launch.script import render
from shipworthy.launch.settings import SlurmSettings, refuse
from shipworthy.launch.site import Container, Site, read_site
from shipworthy.launch.sweep import Sweep
from tests.conftest import ROOT

GOLDEN = ROOT / "tests/golden"
EXAMPLE = ROOT / "slurm/site.example.yaml"
BY_TORCHRUN = ["hydra.launcher.start=torchrun", "hydra.launcher.tasks_per_node=2", "hydra.launcher.gpus_per_node=2"]
CASES: dict[str, tuple[int, str, list[str]]] = {
    "slurm_cpu": (6, "", []),
    "slurm_gpu": (2, str(EXAMPLE), []),
    "slurm_preemptible": (1, str(EXAMPLE), []),
    "slurm_nodes": (1, "", []),
    "slurm_nodes_torchrun": (1, "", ["hydra/launcher=slurm_nodes", *BY_TORCHRUN]),
}
"""Golden file → jobs, the site's file, what is composed."""


def settings(*overrides: str) -> dict[str, Any]:
    """What the launcher is given."""
    launcher = composed(["hydra.job.name=train", *overrides], with_hydra=True).hydra.launcher
    found: dict[str, Any] = OmegaConf.to_container(launcher, resolve=True)
    return {key: value for key, value in found.items() if value is not None and key != "_target_"}


def script(jobs: int, site: Site, *overrides: str) -> str:
    """A rendered script, without a trace of this machine."""
    sweep = Sweep.new(ROOT, "train", ROOT / "runs/snapshots/0123456789abcdef", settings(*overrides), [[]] * jobs)
    text = render(sweep, site, range(jobs))
    for ours, theirs in {sys.executable: "/shared/python", sweep.name: "SWEEP", str(ROOT): "/shared/project"}.items():
        text = text.replace(ours, theirs)
    return text


@pytest.mark.parametrize("name", CASES)
def test_a_script_is_as_it_was(name, monkeypatch, tmp_path):
    jobs, site, overrides = CASES[name]
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SHIPWORTHY_SITE", site)
    text = script(jobs, read_site(tmp_path), *(overrides or [f"hydra/launcher={name}"]))
    golden = GOLDEN / f"{name}.sbatch"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text)
    assert text == golden.read_text()
    checked = subprocess.run(["bash", "-n", golden], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


def test_only_some_jobs_of_a_sweep_and_no_more_at_a_time_than_there_are():
    sweep = Sweep.new(ROOT, "train", ROOT, settings("hydra/launcher=slurm_cpu"), [[]] * 6)
    assert "\n#SBATCH --array=1,4%2\n" in render(sweep, Site(), [1, 4])


def test_the_command_line_wins_over_the_site():
    text = script(
        1, Site(partition="theirs", account="theirs"), "hydra/launcher=slurm_cpu", "hydra.launcher.account=me"
    )
    assert "--account=me\n" in text
    assert "--partition=theirs\n" in text


def test_pyxis_is_told_by_srun():
    site = Site(container=Container("pyxis", "/images/a b.sqsh", ["--container-mounts=/scratch"]))
    text = script(1, site, "hydra/launcher=slurm_cpu")
    assert "'--container-image=/images/a b.sqsh' --container-mounts=/scratch \\\n    env --block-signal" in text


def test_what_goes_into_the_script_is_quoted(tmp_path):
    sweep = Sweep.new(ROOT, "train", Path("/a b/$(touch x)"), settings("hydra/launcher=slurm_cpu"), [[]])
    text = render(sweep, Site(env={"SECRET": "a'b; touch x"}), [0])
    lines = [line for line in text.splitlines() if line.startswith("export") and "SRUN" not in line]
    shown = subprocess.run(
        ["bash", "-c", "\n".join([*lines, 'echo "$PYTHONPATH|$SECRET"'])],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout == "/a b/$(touch x)/src|a'b; touch x\n"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["slurm_cpu", "slurm_gpu", "slurm_nodes", "slurm_preemptible"])
def test_every_launcher_can_work(name):
    refuse(settings(f"hydra/launcher={name}"))


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("start=ssh", "start=ssh starts nothing: choose srun or torchrun."),
        ("max_restarts=-1", "max_restarts=-1 must be at least 0."),
        ("nodes=0", "nodes=0 must be at least 1."),
        ("mem_gb=-1", "mem_gb=-1: give a finite number from 0."),
        ("tasks_per_node=0", "tasks_per_node=0 must be at least 1."),
        ("array_parallelism=0", "array_parallelism=0 must be at least 1."),
        ("signal_delay_s=-1", "signal_delay_s=-1 must be at least 0."),
        (
            "timeout_min=2",
            "leaves a job 0 s until it is told, signal_delay_s=120 s before its limit, to save: set it to 3",
        ),
        ("signal_delay_s=7200", "timeout_min=120 leaves a job 0 s until it is told"),
        ("max_num_timeout=3", "max_num_timeout has no effect here: drop it; max_restarts says how often"),
        ("use_srun=false", "use_srun has no effect here: drop it; start says"),
        ("additional_parameters.open_mode=truncate", "additional_parameters.open_mode is set by the sweep itself"),
    ],
)
def test_what_cannot_work_is_refused(override, said):
    with pytest.raises(UsageError) as caught:
        refuse(settings("hydra/launcher=slurm_cpu", f"++hydra.launcher.{override}"))
    assert said in str(caught.value)
    assert re.match(r"hydra\.launcher\.\w+", str(caught.value))
    assert len(str(caught.value).splitlines()) == 1


def test_the_least_time_that_a_job_needs():
    refuse(settings("hydra/launcher=slurm_cpu", "hydra.launcher.timeout_min=3"))


def test_each_setting_of_ours_is_described():
    own = set(SlurmSettings.__annotations__) - {"_target_"}
    assert all(f"{name}: " in str(SlurmSettings.__doc__) for name in own)
