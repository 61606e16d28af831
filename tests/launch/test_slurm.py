"""Slurm's tables and refusals, as a real Slurm 22.05 printed them (tests/launch/recorded)."""

import shutil
from pathlib import Path

import pytest

from shipworthy.core.errors import ShipworthyError
from shipworthy.launch import slurm
from shipworthy.launch.records import attempts, minutes_of, partitions_of, queued
from tests.conftest import one_sentence

RECORDED = Path(__file__).parent / "recorded"
HEADER, ROW = (RECORDED / "sacct_ended.txt").read_text().splitlines()[:2]


def recorded(name):
    return (RECORDED / f"{name}.txt").read_text()


def rows(name):
    return [(one.job, one.state) for one in attempts(recorded(name))]


def test_a_requeued_task_has_an_attempt_for_each_start():
    found = [one for one in attempts(recorded("sacct_preempted")) if one.job == "13_0"]
    assert [(one.state, one.elapsed_s, one.gpus, one.cpus, one.nodes, one.node_list) for one in found] == [
        ("PREEMPTED", 19.0, 2, 4, 1, "n1"),
        ("COMPLETED", 2.0, 2, 4, 1, "n1"),
    ]
    assert [(one.submit, one.eligible, one.start, one.end) for one in found] == [
        (1795395517, 1795395517, 1795395517, 1795395536),
        (1795395541, 1795395599, 1795395664, 1795395666),
    ]
    assert {(one.name, one.partition, one.account) for one in found} == {("train-B", "low", "root")}


def test_a_job_that_was_cancelled_in_the_queue_never_began():
    last = attempts(recorded("sacct_preempted"))[-1]
    assert (last.job, last.state, last.start, last.nodes, last.node_list) == ("13_3", "CANCELLED", None, 0, "")
    other = next(one for one in attempts(recorded("sacct_ended")) if one.job == "19")
    assert (other.state, other.start, other.elapsed_s) == ("CANCELLED", None, 0.0)  # Slurm gives it a start


def test_exit_code_and_nodes():
    failed, _, timeout = sorted(attempts(recorded("sacct_ended")), key=lambda one: one.job)
    assert (failed.state, failed.exit_code) == ("FAILED", 3)
    assert (timeout.state, timeout.nodes, timeout.cpus, timeout.gpus, timeout.node_list) == (
        "TIMEOUT", 2, 2, 0, "n[1-2]",
    )  # fmt: skip


def test_waiting_tasks_are_rows_of_their_own():
    assert rows("sacct_waiting") == [
        ("49_0", "RUNNING"),
        ("49_2", "REQUEUED"),
        ("49_4", "RUNNING"),
        ("49_6", "PENDING"),
        ("49_7", "PENDING"),
        ("49_2", "PENDING"),
    ]


@pytest.mark.parametrize(
    ("job", "tasks"),
    [
        ("17_[2-4,8%2]", ["2", "3", "4", "8"]),
        ("17_[0,2,4%1]", ["0", "2", "4"]),
        ("17_[0-8:4]", ["0", "4", "8"]),
        ("17_[5]", ["5"]),
    ],
)
def test_ranges(job, tasks):
    row = ROW.replace("18|18|", f"17|{job}|")
    assert [one.job for one in attempts(f"{HEADER}\n{row}\n")] == [f"17_{task}" for task in tasks]


def test_a_task_that_started_since_is_not_waiting_too():
    """The accounting's row of the waiting range lags behind those of the tasks that start out of it."""
    lagging = f"{HEADER}\n{ROW.replace('18|18|', '20|17_2|')}\n{ROW.replace('18|18|', '17|17_[2-3%2]|')}\n"
    assert sorted(one.job for one in attempts(lagging)) == ["17_2", "17_3"]


def test_gpus_with_their_kind():
    for tres, gpus in (("cpu=8,gres/gpu:a100=2,gres/gpu=2,node=1", 2), ("gres/gpu:a100=1,gres/gpu:v100=2", 3)):
        [one] = attempts(f"{HEADER}\n{ROW.replace('billing=1,cpu=1,mem=500M,node=1', tres)}\n")
        assert one.gpus == gpus


def test_queue():
    found = {one.job: one for one in queued(recorded("squeue_waiting"))}
    assert {job: (one.state, one.reason) for job, one in found.items()} == {
        "49_0": ("RUNNING", ""),
        "49_4": ("RUNNING", ""),
        "49_2": ("PENDING", "JobArrayTaskLimit"),
        "49_6": ("PENDING", "JobArrayTaskLimit"),
        "49_7": ("PENDING", "JobArrayTaskLimit"),
    }
    assert (found["49_4"].node_list, found["49_4"].start) == ("n2", 1795396521)
    assert found["49_6"].start is None


def test_partitions_and_nodes():
    main, low, high = partitions_of(recorded("partitions"), recorded("nodes"))
    assert (main.name, main.default, low.default, high.up) == ("main", True, False, True)
    assert (main.minutes, main.most_nodes) == (None, None)
    assert [(n.name, n.host, n.address, n.gpus, n.cpus, n.memory_mb) for n in low.nodes] == [
        ("n1", "host", "127.0.0.1", 2, 4, 8000),
        ("n2", "host", "127.0.0.1", 2, 4, 8000),
    ]


def test_a_partition_with_limits_and_a_node_with_kinds_of_gpus():
    partition = recorded("partitions").splitlines()[0]
    partition = partition.replace("MaxTime=UNLIMITED", "MaxTime=1-02:30:00").replace("MaxNodes=UNLIMITED", "MaxNodes=1")
    node = recorded("nodes").splitlines()[0].replace("Gres=gpu:2", "Gres=gpu:a100:4(S:0-1),gpu:v100:1(S:1),shard:8")
    [one] = partitions_of(partition.replace("State=UP", "State=DOWN"), node)
    assert (one.minutes, one.most_nodes, one.up, one.nodes[0].gpus) == (1590.0, 1, False, 5)


@pytest.mark.parametrize(
    ("limit", "minutes"),
    [("UNLIMITED", None), ("120", 120), ("30:30", 30.5), ("02:30:00", 150), ("1-02:30:00", 1590), ("1-2", 1560)],
)
def test_time_limits(limit, minutes):
    assert minutes_of(limit) == minutes


def says(monkeypatch, folder, program, stderr, code=1, stdout=""):
    """From now on, `program` prints what a real one printed."""
    (folder / "stderr").write_text(stderr)
    (folder / "stdout").write_text(stdout)
    (folder / program).write_text(f"#!/bin/sh\ncat {folder}/stdout\ncat {folder}/stderr >&2\nexit {code}\n")
    (folder / program).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def refusal(call, *arguments, **named):
    with pytest.raises(ShipworthyError) as caught:
        call(*arguments, **named)
    assert len(str(caught.value).splitlines()) == 1
    return str(caught.value)


def test_no_slurm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert refusal(slurm.sbatch, tmp_path / "job.sbatch").startswith("There is no sbatch on this machine: submit from")
    assert "There is no scontrol" in refusal(slurm.ping)


@pytest.mark.parametrize(
    ("stderr", "sentence"),
    [
        (
            "sbatch: error: Batch job submission failed: Invalid account or account/partition combination specified\n",
            "Invalid account or account/partition combination specified: `sacctmgr show assoc user=$USER` lists",
        ),
        (
            "sbatch: error: invalid partition specified: nope\n"
            "sbatch: error: Batch job submission failed: Invalid partition name specified\n",
            "Invalid partition name specified: `sinfo` lists the partitions",
        ),
        (
            "sbatch: error: Batch job submission failed: Invalid qos specification\n",
            "Invalid qos specification: `sacctmgr show qos`",
        ),
        (
            "allocation failure: Requested node configuration is not available\n",
            "job.sbatch: Requested node configuration is not available: no node has so many GPUs",
        ),
        ("sbatch: error: Invalid --time specification\n", "Invalid --time specification: change the job's settings."),
    ],
)
def test_sbatch_refuses(monkeypatch, tmp_path, stderr, sentence):
    says(monkeypatch, tmp_path, "sbatch", stderr)
    said = refusal(slurm.sbatch, tmp_path / "job.sbatch")
    assert said.startswith("Slurm refuses ")
    assert sentence in said


def test_the_job_id_of_a_federated_cluster(monkeypatch, tmp_path):
    says(monkeypatch, tmp_path, "sbatch", "", code=0, stdout="17;lab\n")
    assert slurm.sbatch(tmp_path / "job.sbatch") == "17"


def test_the_controller_is_down(monkeypatch, tmp_path):
    says(
        monkeypatch,
        tmp_path,
        "squeue",
        "slurm_load_jobs error: Unable to contact slurm controller (connect failure)\n",
    )
    assert refusal(slurm.squeue, ["17"]).startswith(
        "Slurm's controller does not answer (Unable to contact slurm controller (connect failure)): ask again"
    )
    says(monkeypatch, tmp_path, "scontrol", "", stdout="Slurmctld(primary) at head is DOWN\n***\n")
    assert "(Slurmctld(primary) at head is DOWN)" in refusal(slurm.ping)


def test_a_controller_that_hangs(monkeypatch, tmp_path):
    says(monkeypatch, tmp_path, "squeue", "")
    (tmp_path / "squeue").write_text("#!/bin/sh\nexec sleep 20\n")
    assert "squeue did not answer within 1 s" in refusal(slurm.command, "squeue", limit_s=0.6)


def test_no_configuration(monkeypatch, tmp_path):
    says(
        monkeypatch,
        tmp_path,
        "squeue",
        "squeue: error: fetch_config: DNS SRV lookup failed\n"
        "squeue: fatal: Could not establish a configuration source\n",
    )
    assert "(Could not establish a configuration source): set SLURM_CONF" in refusal(slurm.squeue, ["17"])


def test_accounting_that_says_nothing(monkeypatch, tmp_path):
    says(monkeypatch, tmp_path, "sacct", "Slurm accounting storage is disabled\n")
    assert slurm.sacct(["17"]) == slurm.Accounting([], "accounting is off on this cluster")
    says(
        monkeypatch,
        tmp_path,
        "sacct",
        "sacct: error: Sending PersistInit msg: Connection refused\n"
        "sacct: error: Problem talking to the database: Connection refused\n",
    )
    assert slurm.sacct(["17"]).silent.startswith("Slurm's accounting does not answer (Problem talking to the database")
    says(monkeypatch, tmp_path, "sacct", 'sacct: error: Invalid field requested: "Restarts"\n')
    assert "sacct failed: Invalid field" in refusal(slurm.sacct, ["17"])


def test_jobs_that_the_controller_has_forgotten(monkeypatch, tmp_path):
    says(monkeypatch, tmp_path, "squeue", "slurm_load_jobs error: Invalid job id specified\n")
    assert slurm.squeue(["99999"]) == []
    says(monkeypatch, tmp_path, "scontrol", "slurm_load_jobs error: Invalid job id specified\n")
    assert slurm.job_state("99999") is None


def test_a_jobs_own_surroundings_are_no_options(monkeypatch, tmp_path):
    """Inside a job, SLURM_MEM_PER_CPU and its like would change what we ask for."""
    says(monkeypatch, tmp_path, "sbatch", "", code=0)
    (tmp_path / "sbatch").write_text(f"#!/bin/sh\nenv > {tmp_path}/env\necho 17\n")
    monkeypatch.setenv("SLURM_MEM_PER_CPU", "4000")
    monkeypatch.setenv("SLURM_CONF", str(tmp_path / "sbatch"))
    slurm.sbatch(tmp_path / "job.sbatch")
    seen = {line.partition("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    assert {name for name in seen if name.startswith("SLURM_")} == {"SLURM_CONF"}


def test_no_slurm_from_the_command_line(shipworthy, tmp_path):
    (tmp_path / "git").symlink_to(shutil.which("git"))
    done = shipworthy("plan", "-m", "experiment=smoke", "hydra/launcher=slurm_cpu", "seed=1,2", PATH=str(tmp_path))
    assert "There is no scontrol on this machine" in one_sentence(done)
