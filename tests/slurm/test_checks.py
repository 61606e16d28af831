"""What is refused before a submission, on a real cluster: nothing is queued, and one sentence says why."""

import sys

import pytest

from shipworthy.core.errors import ShipworthyError, UsageError
from shipworthy.launch import slurm
from shipworthy.launch.checks import Request, before, look

pytestmark = pytest.mark.slurm


@pytest.fixture(autouse=True)
def _on(cluster, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", cluster.env["SLURM_CONF"])


@pytest.fixture
def script(tmp_path):
    def write(*options):
        path = tmp_path / "job.sbatch"
        lines = [f"#SBATCH {option}" for option in ("--job-name=checked", *options)]
        path.write_text("\n".join(["#!/bin/bash", *lines, "true", ""]))
        return path

    return write


def test_all_is_well(script, tmp_path):
    folder = tmp_path / "runs" / "sweeps"
    fine = script("--partition=low", "--account=lab", "--gpus-per-node=2", "--nodes=2", "--time=60", "--array=0-3%2")
    assert before(fine, folder) == ""
    assert list(folder.iterdir()) == []
    assert slurm.squeue(name="checked") == []


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        ("--partition=lwo", "There is no partition 'lwo' on this cluster: did you mean low?"),
        ("--account=nope", "You may not use the account 'nope': Yours: "),
        ("--gpus-per-node=3", "A node of partition main has at most 2 GPUs, not 3"),
        ("--nodes=4", "a job can have at most 3 nodes of partition main"),
        ("--cpus-per-task=5", "a node of partition main has at most 4"),
        ("--mem=9GB", "mem_gb=9 is more than a node of partition main has (7.8)"),
        ("--qos=nope", "Invalid qos specification"),
        ("--constraint=nope", "Invalid feature specification"),
    ],
)
def test_refused(script, tmp_path, option, sentence):
    with pytest.raises(ShipworthyError) as caught:
        before(script(option), tmp_path)
    assert sentence in str(caught.value)
    assert len(str(caught.value).splitlines()) == 1
    assert slurm.squeue(name="checked") == []


def test_slurm_itself_would_take_more_nodes_than_there_are(script):
    """Why we look ourselves: such a job waits for ever."""
    job = slurm.sbatch(script("--nodes=4"))
    [one] = slurm.squeue([job])
    slurm.scancel([job])
    assert one.state == "PENDING"


def test_a_folder_that_the_nodes_see(tmp_path):
    sight = look(tmp_path, Request(partition="low", account="lab"))
    assert (sight.sees, sight.why) == (True, "")
    assert sight.node in {"n1", "n2", "n3"}


LOOK = """
import sys
from pathlib import Path
from shipworthy.core.errors import UsageError
from shipworthy.launch.checks import before
try:
    before(Path(sys.argv[1]), Path(sys.argv[2]))
except UsageError as error:
    print(error)
"""


def test_a_folder_that_the_nodes_do_not_see(cluster, script, tmp_path):
    """This process has a file system mounted of which the nodes know nothing."""
    ours = tmp_path / "ours"
    ours.mkdir()
    mounted = ("unshare", "--mount", "sh", "-c", f'mount -t tmpfs none {ours} && exec "$@"', "sh")
    done = cluster.call(sys.executable, "-c", LOOK, script(), ours, under=mounted)
    assert done.returncode == 0, done.stderr
    said = done.stdout.strip()
    assert said.startswith("Node n")
    assert said.endswith(f"does not see {ours}: put the project on a file system that the nodes share.")


def test_no_node_is_free_to_try_it_on(cluster, tmp_path):
    job = cluster.sbatch("sleep 60", f"--nodes={len(cluster.nodes)}", "--exclusive", "--time=2")
    try:
        cluster.until("the nodes are taken", lambda: cluster.state(job) == "RUNNING")
        sight = look(tmp_path, Request())
        assert sight.sees is None
        assert sight.why
        assert list(tmp_path.iterdir()) == []
    finally:
        slurm.scancel([job])
    cluster.until("the nodes are free", lambda: cluster.state(job) == "CANCELLED")


def test_a_user_error_has_its_exit_code(script, tmp_path):
    with pytest.raises(UsageError):
        before(script("--partition=nope"), tmp_path)
