"""`shipworthy doctor` on a real cluster: from the login node, and as a job on two nodes."""

from pathlib import Path

import pytest

from tests.conftest import PROGRAM, one_sentence
from tests.slurm.conftest import Cluster
from tests.slurm.project import Project
from tests.stages.test_doctor import levels

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(300)]

DOCTOR = ("doctor", "experiment=adult_xgboost")
SLURMS = ("Slurm", "partitions", "accounting", "time-outs", "submission", "folder")
SMALL_NODES = ("hydra/launcher=slurm_nodes", "hydra.launcher.cpus_per_task=1", "hydra.launcher.mem_gb=1")


@pytest.fixture
def project(tmp_path: Path, cluster: Cluster, workspace: Path) -> Project:
    """Its raw data are there, for a workspace was made of them."""
    return Project.new(tmp_path / "project", cluster, workspace)


def site(project: Project, text: str) -> dict[str, str]:
    """A site file of this text, for the environment."""
    path = project.folder.parent / "site.yaml"
    path.write_text(text)
    return {"SHIPWORTHY_SITE": str(path)}


def test_a_cluster_that_would_take_the_jobs(project: Project) -> None:
    said = project.ok(*DOCTOR, **site(project, "account: lab\npartition: low\n"))
    found = levels(said)
    assert [found[what] for what in SLURMS] == ["ok"] * 6, said
    assert "main*: 3 nodes of 4 cores and 2 GPUs" in said
    assert "with account lab, partition low" in said


def test_what_the_cluster_would_refuse(project: Project, cluster: Cluster) -> None:
    """A wrong account; and two things to know: another cache, and no time to save."""
    told = site(project, "account: nope\nenv: {SHIPWORTHY_CACHE: /elsewhere}\n")
    cluster.run("scontrol", "update", "partitionname=low", "GraceTime=0")
    try:
        done = project.call(*DOCTOR, **told)
    finally:
        cluster.run("scontrol", "update", "partitionname=low", "GraceTime=30")
    assert done.returncode == 1
    assert "(submission)" in one_sentence(done)
    assert "You may not use the account 'nope'" in done.stdout
    found = levels(done.stdout)
    assert [found[what] for what in ("time-outs", "site", "folder")] == ["warning"] * 3
    assert "export SHIPWORTHY_CACHE=/elsewhere" in done.stdout


def test_a_project_that_the_nodes_do_not_see(project: Project, cluster: Cluster) -> None:
    """This process has a file system mounted of which the nodes know nothing."""
    (project.folder / "runs").mkdir()
    mounted = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {project.folder}/runs && exec "$@"', "sh")
    done = cluster.call("env", f"--chdir={project.folder}", PROGRAM, *DOCTOR, under=mounted)
    assert "(folder)" in one_sentence(done)
    assert f"does not see {project.folder}: put the project on a file system" in done.stdout


def test_a_cluster_that_is_not_there(project: Project) -> None:
    done = project.call(*DOCTOR, SLURM_CONF="/no/slurm.conf")
    assert "(Slurm)" in one_sentence(done)
    assert "SLURM_CONF names /no/slurm.conf, which is not there" in done.stdout


def test_two_nodes_time_their_network(project: Project) -> None:
    """Whatever was fetched or built on this machine: only what the nodes say of their network counts."""
    links = ("network=infiniband", "network.interface=lo", "network.link_gbit=0.001,100000")
    settings = (*SMALL_NODES, "hydra.launcher.gpus_per_node=null", *links)
    done = project.call("doctor", "--multirun", "experiment=smoke", *settings)
    assert "Traceback" not in done.stdout + done.stderr
    (sweep,) = project.sweeps()
    logs = [(sweep / "jobs" / str(number) / "log-0.txt").read_text() for number in (0, 1)]
    found = [levels(log) for log in logs]
    assert [one.get("all-reduce") for one in found] == ["ok", "warning"], logs
    assert "Gbit/s over 2 processes, only " in logs[1]
    assert all({"lock", "GPU", "network"} <= set(one) for one in found), "both nodes found the same"
    assert "where this job runs" in logs[0]
    others = [(sweep / "jobs" / str(number) / "log-1.txt").read_text() for number in (0, 1)]
    assert not any(levels(other) for other in others), "one process speaks for all"
