"""Slurm's commands through our wrappers, on a real cluster."""

import os
import time

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.launch import slurm

pytestmark = pytest.mark.slurm


@pytest.fixture(autouse=True)
def _on(cluster, monkeypatch):
    monkeypatch.setenv("SLURM_CONF", cluster.env["SLURM_CONF"])


@pytest.fixture
def submit(cluster, tmp_path):
    """Submits shell lines under #SBATCH options; what is left is cancelled at the end."""
    ids = []

    def call(lines, *options, name="queries"):
        script = tmp_path / f"{len(ids)}.sbatch"
        asked = (f"--job-name={name}", f"--output={tmp_path}/%j.txt", "--time=2", *options)
        script.write_text("\n".join(["#!/bin/bash", *(f"#SBATCH {option}" for option in asked), lines, ""]))
        ids.append(slurm.sbatch(script))
        return ids[-1]

    yield call
    slurm.scancel(ids)


def settled(job_ids, wanted, seconds=60):
    """The accounting's rows, once their states are `wanted`: slurmdbd lags."""
    deadline = time.monotonic() + seconds
    while True:
        found = slurm.sacct(job_ids).attempts
        states = sorted((one.job, one.state) for one in found)
        if states == sorted(wanted):
            return found
        assert time.monotonic() < deadline, f"{states}, not {wanted}"
        time.sleep(0.5)


def test_what_the_cluster_has(cluster):
    slurm.ping()
    parts = {part.name: part for part in slurm.partitions()}
    assert set(parts) == {"main", "low", "high"}
    assert parts["main"].default and parts["low"].up and parts["main"].minutes is None
    assert [(n.name, n.cpus, n.gpus, n.memory_mb) for n in parts["low"].nodes] == [
        (name, 4, 2, 8000) for name in cluster.nodes
    ]
    assert slurm.enforces_associations()
    assert "lab" in slurm.accounts()
    assert slurm.accounts("nobody-of-this-name") == []


def test_an_array_from_the_queue_to_the_accounting(submit):
    name = f"array-{os.getpid()}"
    job = submit(
        "sleep 1; exit $SLURM_ARRAY_TASK_ID", "--array=0-1", "--gpus-per-node=1", "--cpus-per-task=2", name=name
    )
    assert {one.job for one in slurm.squeue(name=name)} == {f"{job}_0", f"{job}_1"}
    good, bad = settled([job], [(f"{job}_0", "COMPLETED"), (f"{job}_1", "FAILED")])
    if good.state == "FAILED":
        good, bad = bad, good
    assert (good.exit_code, bad.exit_code) == (0, 1)
    assert (good.name, good.gpus, good.cpus, good.nodes, good.partition, good.account) == (name, 1, 2, 1, "main", "lab")
    assert good.submit <= good.start <= good.end <= time.time() + 1
    assert good.elapsed_s == pytest.approx(good.end - good.start)
    assert slurm.sacct([job], name="another").attempts == []
    time.sleep(1.1)
    now = time.time() - 0.05
    assert slurm.sacct([job], since=now).attempts == []
    assert len(slurm.sacct([job], since=good.start).attempts) == 2


def test_waiting_requeued_and_cancelled(submit):
    job = submit("sleep 60", "--array=0-3%1")
    deadline = time.monotonic() + 30
    while slurm.job_state(f"{job}_0") != "RUNNING":
        assert time.monotonic() < deadline
        time.sleep(0.3)
    states = {one.job: one.state for one in slurm.squeue([job])}
    assert states == {f"{job}_0": "RUNNING"} | {f"{job}_{task}": "PENDING" for task in (1, 2, 3)}
    settled([job], [(f"{job}_0", "RUNNING"), *((f"{job}_{task}", "PENDING") for task in (1, 2, 3))])
    slurm.requeue(f"{job}_0")
    deadline = time.monotonic() + 60
    while [one.state for one in slurm.sacct([f"{job}_0"]).attempts] != ["REQUEUED", "PENDING"]:
        assert time.monotonic() < deadline
        time.sleep(0.5)
    slurm.scancel([job])
    deadline = time.monotonic() + 60
    while {one.state for one in slurm.squeue([job])} != {"CANCELLED"}:
        assert time.monotonic() < deadline
        time.sleep(0.5)


def test_jobs_that_are_not():
    assert slurm.squeue(["99999999"]) == []
    assert slurm.sacct(["99999999"]) == slurm.Accounting([])
    assert slurm.job_state("99999999") is None
    assert slurm.squeue(name="no-job-of-this-name") == []
    slurm.scancel(["99999999"])
    with pytest.raises(ShipworthyError, match=r"`scontrol requeue 99999999` failed: Invalid job id"):
        slurm.requeue("99999999")


@pytest.mark.parametrize(
    ("option", "reason"),
    [
        ("--account=nope", "Invalid account or account/partition combination specified"),
        ("--partition=nope", "Invalid partition name specified"),
        ("--qos=nope", "Invalid qos specification"),
        ("--gpus-per-node=9", "Requested node configuration is not available: no node has so many GPUs"),
        ("--mem=999G", "Requested node configuration is not available"),
        ("--constraint=nope", "Invalid feature specification"),
        ("--array=0-100000", "Invalid job array specification"),
    ],
)
def test_sbatch_says_why_not(submit, option, reason):
    with pytest.raises(ShipworthyError, match=reason) as caught:
        submit("true", option)
    assert len(str(caught.value).splitlines()) == 1


def test_a_controller_that_is_not_there(cluster, tmp_path, monkeypatch):
    conf = (cluster.home / "slurm.conf").read_text().splitlines()
    conf = ["SlurmctldPort=32767" if line.startswith("SlurmctldPort=") else line for line in conf]
    (tmp_path / "slurm.conf").write_text("\n".join([*conf, ""]))
    (tmp_path / "gres.conf").write_text((cluster.home / "gres.conf").read_text())
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    with pytest.raises(ShipworthyError, match=r"controller does not answer \(Slurmctld\(primary\) at .* is DOWN\)"):
        slurm.ping()


def test_no_accounting(cluster, tmp_path, monkeypatch):
    conf = (cluster.home / "slurm.conf").read_text().splitlines()
    conf = [line for line in conf if not line.startswith("AccountingStorage")]
    (tmp_path / "slurm.conf").write_text("\n".join([*conf, "AccountingStorageType=accounting_storage/none", ""]))
    (tmp_path / "gres.conf").write_text((cluster.home / "gres.conf").read_text())
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "slurm.conf"))
    assert slurm.sacct(["1"]) == slurm.Accounting([], "accounting is off on this cluster")
    assert slurm.accounts() == []
