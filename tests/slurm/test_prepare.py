"""`prepare` with the jobs of a real array makes the dataset that it makes without, and refuses in the same words."""

import json
from pathlib import Path

import pytest

from tests.conftest import one_sentence
from tests.slurm.conftest import Cluster
from tests.slurm.project import Project

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(900)]

JOBS = "data.slurm={tasks: 3, cpus_per_task: 1, mem_gb: 2, timeout_min: 10}"
ASKED = [f"data.gates.{gate}.action=warn" for gate in ("unseen", "balance", "contradictions", "labels", "leak")]
TEXT = ("experiment=sarcasm", "model=tiny_random", "data.sample=0.03", *ASKED)
TABLE = ("experiment=adult_xgboost", "data.sample=0.05", *ASKED, "data.gates.drift.reference=data/adult.parquet")
MANIFEST = "manifest.json"
"""Holds times, the run's id and the config."""


@pytest.fixture(scope="module")
def project(cluster: Cluster) -> Project:
    return Project.new(cluster.home / "prepare" / "project", cluster)


def files(dataset: Path) -> dict[str, bytes]:
    found = {str(path.relative_to(dataset)): path.read_bytes() for path in dataset.rglob("*") if path.is_file()}
    assert found.pop(MANIFEST)
    return found


@pytest.mark.parametrize(("recipe", "arrays"), [(TEXT, 2), (TABLE, 1)], ids=["text", "table"])
def test_the_dataset_is_that_of_one_machine(project: Project, recipe: tuple[str, ...], arrays: int) -> None:
    said = {
        name: project.ok("prepare", *recipe, f"workspace={name}", *more) for name, *more in (["here"], ["jobs", JOBS])
    }
    here, jobs = (files(project.folder / name / "dataset") for name in ("here", "jobs"))
    assert said["jobs"].count(" of Slurm, ") >= arrays
    assert "9 parts go to 3 jobs of Slurm, " in said["jobs"] or "11 parts go to 3 jobs of Slurm, " in said["jobs"]
    assert "of Slurm" not in said["here"]
    assert here.keys() == jobs.keys() > {"train.parquet", "test.parquet", "dataset.json", "data.html"}
    assert [name for name in here if here[name] != jobs[name]] == []
    verdicts = json.loads(jobs["dataset.json"])["statistics"]["gates"]
    assert {"labels", "leak", "contradictions"} < {one["gate"] for one in verdicts}
    assert any(one["measurements"] for one in verdicts)


def test_a_refusal_is_that_of_one_machine(project: Project) -> None:
    wrong = ("prepare", *TABLE, "data.gates.leak.known_in_advance=[wages]")
    here, jobs = project.call(*wrong, "workspace=here"), project.call(*wrong, "workspace=jobs", JOBS)
    assert one_sentence(jobs) == one_sentence(here)
    assert "data.gates.leak.known_in_advance names wages" in one_sentence(here)
    verdicts = [[line for line in done.stdout.splitlines() if line.startswith("gate ")] for done in (here, jobs)]
    assert verdicts[0] == verdicts[1] != []
    assert here.returncode == jobs.returncode == 2
