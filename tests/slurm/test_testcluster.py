"""The test cluster does what a real one does, repairs itself, and leaves nothing behind."""

import contextlib
import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import one_sentence
from tests.slurm.conftest import TESTCLUSTER, Cluster

pytestmark = [pytest.mark.slurm, pytest.mark.timeout(420)]

# Says which signal it gets, and goes on to its end the second time it is started.
STEP = """
import os, signal, time
def on(number, frame):
    print("got", signal.Signals(number).name, flush=True)
signal.signal(signal.SIGTERM, on)
print("restart", os.environ.get("SLURM_RESTART_COUNT", "0"), flush=True)
if "SLURM_RESTART_COUNT" not in os.environ:
    while True:
        time.sleep(0.1)
print("finished", flush=True)
"""
# A task with a child that left it: a session of its own, no parent, no terminal.
FAMILY = "srun sh -c '(setsid sleep 987 >/dev/null 2>&1 &); python3 -c \"import time; time.sleep(987)\" & wait'"


@dataclass(frozen=True)
class Process:
    pid: int
    words: list[str]
    variables: set[str]


def traces(home: Path) -> list[Process]:
    """The living processes that have the cluster's folder among their open files, words or variables."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state = folder.joinpath("stat").read_text().rpartition(")")[2].split()[0]
            words = folder.joinpath("cmdline").read_text(errors="replace").split("\0")[:-1]
            variables = folder.joinpath("environ").read_text(errors="replace").split("\0")
            files = [str(link.readlink()) for link in folder.joinpath("fd").iterdir()]
        except OSError:  # it has ended, or is the kernel's
            continue
        if state not in "ZX" and any(f"{home}/" in text for text in (*words, *variables, *files)):
            found.append(Process(int(folder.name), words, set(variables)))
    return found


def tasks(home: Path, job: str, node: str) -> list[Process]:
    """A job's processes of FAMILY at work on a node: the one that left, and the child."""
    ends = ("987", "import time; time.sleep(987)")
    marks = {f"SLURM_JOB_ID={job}", f"SLURMD_NODENAME={node}"}
    return [process for process in traces(home) if marks <= process.variables and process.words[-1] in ends]


def test_up_twice_is_harmless(cluster: Cluster):
    cluster.until("the jobs of other tests to be gone", lambda: not cluster.run("squeue", "-h"))
    job = cluster.sbatch("sleep 600")
    cluster.until("the job to run", lambda: cluster.state(job) == "RUNNING")
    before = cluster.testcluster("up")
    assert cluster.testcluster("up") == before
    assert before.endswith(f"export SLURM_CONF={cluster.home}/slurm.conf")
    assert cluster.testcluster("env") == before.splitlines()[-1]
    assert cluster.state(job) == "RUNNING"
    cluster.run("scancel", job)


def test_two_nodes_answer(cluster: Cluster):
    names = cluster.run("srun", "--nodelist=n1,n3", "sh", "-c", "echo $SLURMD_NODENAME $(hostname)")
    host = socket.gethostname()
    assert sorted(names.splitlines()) == [f"n1 {host}", f"n3 {host}"]


def test_nodes_names_resolve(cluster: Cluster):
    assert cluster.run("getent", "hosts", "n2").split()[0].startswith("127.")


def test_a_job_sees_the_gpus_that_it_asked_for(cluster: Cluster):
    show = ("sh", "-c", "echo $CUDA_VISIBLE_DEVICES")
    assert cluster.run("srun", "--gpus=1", *show) == "0"
    assert cluster.run("srun", "--gpus-per-node=2", *show) == "0,1"
    charged = ("sacct", "-n", "-P", "-X", "-o", "AllocTRES")
    cluster.until(
        "sacct to count them", lambda: {"gres/gpu=1", "gres/gpu=2"} <= set(re.split("[,\n]", cluster.run(*charged)))
    )


def test_more_gpus_than_there_are_are_refused(cluster: Cluster):
    done = cluster.call("sbatch", "--gpus-per-node=3", "--wrap=true")
    assert done.returncode == 1
    assert "node configuration is not available" in done.stderr


def test_a_wrong_account_is_refused(cluster: Cluster):
    done = cluster.call("sbatch", "--account=nosuch", "--wrap=true")
    assert done.returncode == 1
    assert "Invalid account" in done.stderr


def test_the_default_account_is_charged(cluster: Cluster):
    job = cluster.sbatch("true")
    show = ("sacct", "-X", "-n", "-P", "-j", job, "-o", "State,Account,User,Partition")
    cluster.until("sacct to show the job", lambda: cluster.run(*show) == "COMPLETED|lab|root|main")


@pytest.fixture
def little_grace(cluster: Cluster) -> Iterator[None]:
    """A step has 10 s after SIGTERM instead of 30."""
    cluster.run("scontrol", "update", "partitionname=low", "GraceTime=10")
    yield
    cluster.run("scontrol", "update", "partitionname=low", "GraceTime=30")


@pytest.mark.usefixtures("little_grace")
def test_high_preempts_low_whose_step_gets_sigterm_and_runs_again(cluster: Cluster, tmp_path: Path):
    step = tmp_path / "step.py"
    step.write_text(STEP)
    low = cluster.sbatch(f"srun python3 {step}", "--partition=low", "--nodes=3", "--exclusive")
    cluster.until("the low job to begin", lambda: "restart 0" in cluster.out(low))
    high = cluster.sbatch("true", "--partition=high", "--nodes=1", "--exclusive")
    cluster.until("SIGTERM", lambda: "got SIGTERM" in cluster.out(low))
    assert cluster.state(low) != "PENDING", "it has its grace time first"
    cluster.until("the high job to end", lambda: cluster.state(high) == "COMPLETED", seconds=120)
    cluster.until("the low job to be requeued", lambda: cluster.state(low) == "PENDING")
    cluster.hasten(low)
    cluster.until("the low job to end", lambda: cluster.state(low) == "COMPLETED", seconds=120)
    said = cluster.out(low)
    assert said.count("restart 0") == said.count("restart 1") == said.count("finished") == 3
    assert said.count("got SIGTERM") >= 3, "a task comes to no signal; it may get more than one"
    cluster.until("sacct to know both runs", lambda: cluster.accounted(low) == ["PREEMPTED", "COMPLETED"])


def test_main_is_not_preempted(cluster: Cluster):
    main = cluster.sbatch("sleep 600", "--nodes=3", "--exclusive")
    cluster.until("the job to run", lambda: cluster.state(main) == "RUNNING")
    high = cluster.sbatch("true", "--partition=high", "--nodes=1", "--exclusive")
    cluster.until("the scheduler's word", lambda: "Resources" in cluster.run("squeue", "-h", "-j", high, "-o", "%r"))
    assert cluster.state(main) == "RUNNING"
    cluster.run("scancel", main)
    cluster.until("the high job to end", lambda: cluster.state(high) == "COMPLETED")


def test_a_nodes_crash_is_noticed_and_its_job_requeued(cluster: Cluster):
    job = cluster.sbatch(FAMILY, "--nodelist=n1,n2", "--nodes=2")
    cluster.until("both tasks' children", lambda: [len(tasks(cluster.home, job, n)) for n in ("n1", "n2")] == [2, 2])
    said = cluster.kill_node("n2")
    assert said.startswith("n2 is dead: slurmd ")
    on_n2 = [process.words for process in traces(cluster.home) if "SLURMD_NODENAME=n2" in process.variables]
    assert on_n2 == [], "a task outlived its node"
    assert len(tasks(cluster.home, job, "n1")) == 2, "n1 did not crash"
    cluster.until("Slurm to notice", lambda: "State=DOWN" in cluster.run("scontrol", "show", "node", "n2"), seconds=150)
    cluster.until("the job to be requeued", lambda: cluster.state(job) == "PENDING")
    assert cluster.call(TESTCLUSTER, "kill-node", "n2").returncode == 0
    assert cluster.revive("n2") == "n2 is back and takes jobs: idle."
    assert cluster.run("srun", "--nodelist=n2", "sh", "-c", "echo $SLURMD_NODENAME") == "n2"
    cluster.hasten(job)
    cluster.until("the job to run again", lambda: cluster.state(job) == "RUNNING")
    cluster.until("sacct to know both runs", lambda: cluster.accounted(job) == ["NODE_FAIL", "RUNNING"])
    cluster.run("scancel", job)


def test_a_node_revived_before_its_crash_was_noticed_has_lost_its_jobs(cluster: Cluster):
    job = cluster.sbatch("srun sleep 600", "--nodelist=n2,n3", "--nodes=2")
    cluster.until("the step", lambda: f"{job}.0" in cluster.run("squeue", "-s", "-h", "-j", job, "-o", "%i"))
    cluster.kill_node("n3")
    cluster.revive("n3")
    cluster.until("the job to be requeued", lambda: cluster.state(job) == "PENDING")
    cluster.run("scancel", job)


def test_an_unknown_node_is_refused(cluster: Cluster):
    done = cluster.call(TESTCLUSTER, "kill-node", "n9")
    assert done.returncode == 2
    assert done.stderr == "slurm/testcluster: There is no node n9: this cluster has n1, n2, n3.\n"


def test_down_leaves_nothing_running_and_up_remembers(cluster: Cluster):
    job = cluster.sbatch(FAMILY)
    cluster.until("the job's children", lambda: any(len(tasks(cluster.home, job, node)) == 2 for node in cluster.nodes))
    assert "1 job cancelled" in cluster.testcluster("down")
    assert traces(cluster.home) == []
    assert str(cluster.home) not in Path("/etc/hosts").read_text(encoding="utf-8")
    env = cluster.call(TESTCLUSTER, "env")
    assert (env.returncode, env.stdout) == (1, "")
    assert env.stderr.startswith(f"slurm/testcluster: No cluster is up in {cluster.home}")
    assert "n1 idle, n2 idle, n3 idle" in cluster.testcluster("up")
    cluster.until("the old job's record", lambda: "CANCELLED" in cluster.accounted(job)[0])


@pytest.fixture
def another_servers_table() -> Iterator[Path]:
    """A temporary table as another MariaDB of this machine may have it; who starts with the same folder deletes it."""
    table = Path(f"/tmp/#sql-temptable-{os.getpid():x}-1-1f.MAI")
    table.touch()
    yield table
    table.unlink(missing_ok=True)


def test_up_after_a_killed_up_and_after_everything_was_killed(own_cluster: Cluster, another_servers_table: Path):
    first = subprocess.Popen(
        [TESTCLUSTER, "up", "--nodes=1", f"--port={own_cluster.port}"],
        env={**os.environ, **own_cluster.env},
        stderr=subprocess.DEVNULL,
    )
    own_cluster.until("the database's first files", (own_cluster.home / "mysql.new").exists)
    first.kill()
    first.wait()
    assert "n1 idle;" in own_cluster.up("--nodes=1")

    job = own_cluster.sbatch("srun sleep 600")
    own_cluster.until("the job to run", lambda: own_cluster.state(job) == "RUNNING")
    while left := traces(own_cluster.home):
        for process in left:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
    assert "n1 idle;" in own_cluster.testcluster("up")
    assert own_cluster.run("srun", "echo", "well") == "well"

    assert another_servers_table.exists()

    own_cluster.testcluster("down", "--purge")
    assert traces(own_cluster.home) == []
    assert not own_cluster.home.exists()
    assert own_cluster.testcluster("down") == f"There is no cluster in {own_cluster.home}."


def test_a_machine_without_device_files_has_no_gpus_and_a_hidden_folder_is_empty(own_cluster: Cluster, tmp_path: Path):
    (tmp_path / "data").touch()
    no_mknod = ("setpriv", "--bounding-set=-mknod")
    options = ("--nodes=1", f"--port={own_cluster.port}", f"--hide={tmp_path}")
    done = own_cluster.call(TESTCLUSTER, "up", *options, under=no_mknod, seconds=240)
    assert done.returncode == 0, done.stderr
    assert "NO GPUs: this machine does not let root make device files" in done.stderr
    assert "and no fake GPU" in done.stdout
    assert own_cluster.call("sbatch", "--gpus=1", "--wrap=true").returncode == 1
    assert own_cluster.run("srun", "ls", tmp_path) == ""
    assert "and 2 fake GPUs" in own_cluster.testcluster("up", "--hide=")
    assert own_cluster.run("srun", "--gpus=2", "ls", tmp_path) == "data"


def test_a_taken_port_is_named(own_cluster: Cluster):
    with socket.socket() as other:
        other.bind(("127.0.0.1", own_cluster.port))
        other.listen()
        done = own_cluster.call(TESTCLUSTER, "up", f"--port={own_cluster.port}", seconds=240)
    assert done.returncode == 1
    said = f"slurm/testcluster: slurmctld can't have port {own_cluster.port} (Address already in use)"
    assert done.stderr.splitlines()[-1].startswith(said)


def test_missing_packages_are_named_with_the_command_that_installs_them(own_cluster: Cluster):
    without = ("unshare", "--mount", "sh", "-c", 'mount -t tmpfs none /usr/sbin && exec "$@"', "sh")
    done = own_cluster.call(TESTCLUSTER, "up", under=without)
    assert done.returncode == 1
    assert done.stderr == (
        "slurm/testcluster: Not installed: mariadb-server, munge, slurmctld, slurmd, slurmdbd; "
        "slurm/testcluster install installs them.\n"
    )


def test_nothing_is_left_to_install(own_cluster: Cluster):
    assert own_cluster.testcluster("install") == "Everything that the test cluster needs is installed."


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("up", "--port=15000"), "Ports 15000 to 15004 won't do"),
        (("up", "--nodes=0"), "A cluster has 1 to 64 nodes"),
        (("up", "--nodes=x"), "argument --nodes: invalid int value"),
        (("up", "--hide=/nosuch"), "/nosuch is no folder"),
        (("up", "--hide=/tmp"), "would hide the cluster's own folder"),
        (("frob",), "invalid choice: 'frob'"),
    ],
)
def test_wrong_asking_gets_one_sentence(own_cluster: Cluster, words: tuple[str, ...], said: str):
    done = own_cluster.call(TESTCLUSTER, *words)
    assert done.returncode == 2
    assert said in one_sentence(done)
