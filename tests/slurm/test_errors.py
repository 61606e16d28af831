"""What a cluster does not have is refused in one sentence: nothing is submitted, and no sweep's folder is left."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import one_sentence
from tests.slurm.conftest import Cluster
from tests.slurm.project import Project

pytestmark = pytest.mark.slurm

SWEEP = ("train", "--multirun", "experiment=smoke", "seed=1,2", "hydra.launcher.mem_gb=1")


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster) -> Project:
    """Nothing is trained here: that plan and dataset are there is enough."""
    for kind in ("plan", "dataset"):
        (tmp_path / "workspace" / kind).mkdir(parents=True)
        (tmp_path / "workspace" / kind / "manifest.json").touch()
    return Project.new(tmp_path / "project", cluster, tmp_path / "workspace")


def nothing_is_left(project: Project) -> None:
    assert not list(project.folder.glob("runs/sweeps/*/"))
    # Jobs of the test before may still be going.
    project.cluster.until("an empty queue", lambda: project.cluster.run("squeue", "--noheader", "--me") == "")


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        (("cpu", "account=nope"), "You may not use the account 'nope': Yours: lab, root."),
        (("cpu", "partition=mian"), "There is no partition 'mian' on this cluster: did you mean main? There are"),
        (
            ("gpu", "gpus_per_node=3", "cpus_per_task=1"),
            "at most 2 GPUs, not 3: set hydra.launcher.gpus_per_node lower.",
        ),
        (
            ("cpu", "mem_gb=64"),
            "hydra.launcher.mem_gb=64 is more than a node of partition main has (7.8): set it lower.",
        ),
        (("nodes", "nodes=9", "cpus_per_task=1"), "nodes=9, but a job can have at most 3 nodes of partition main"),
        (("preemptible",), "hydra/launcher=slurm_preemptible needs to know which partition that is: set preemptible_"),
    ],
)
def test_what_the_cluster_has_not(project, overrides, said):
    launcher, *rest = overrides
    done = project.call(*SWEEP, f"hydra/launcher=slurm_{launcher}", *(f"hydra.launcher.{one}" for one in rest))
    assert said in one_sentence(done)
    assert done.returncode == 2
    nothing_is_left(project)


@pytest.fixture
def hidden(project: Project) -> Iterator[Project]:
    """A project that the nodes don't see."""
    project.cluster.testcluster("up", f"--hide={project.folder}")
    yield project
    project.cluster.testcluster("up", "--hide=")


def test_a_folder_that_the_nodes_do_not_see(hidden: Project):
    done = hidden.call(*SWEEP, "hydra/launcher=slurm_cpu")
    sentence = one_sentence(done)
    assert sentence.startswith("shipworthy train: Node n")
    assert f" does not see {hidden.folder}/runs/sweeps/" in sentence
    assert sentence.endswith(": put the project on a file system that the nodes share.")
    assert done.returncode == 2
    nothing_is_left(hidden)


def test_no_controller_answers(project: Project, tmp_path: Path):
    conf = (project.cluster.home / "slurm.conf").read_text()
    dead = conf.replace(f"SlurmctldPort={project.cluster.port}", "SlurmctldPort=1")
    assert dead != conf
    (tmp_path / "slurm.conf").write_text(dead)
    done = project.call(*SWEEP, "hydra/launcher=slurm_cpu", SLURM_CONF=str(tmp_path / "slurm.conf"))
    assert "Slurm's controller does not answer (" in one_sentence(done)
    assert done.returncode == 1
    nothing_is_left(project)
