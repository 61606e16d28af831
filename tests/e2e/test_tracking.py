"""Real trainings whose tracker goes away, whose disk is full, or whose user holds secrets."""

import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from shipworthy.core.files import read_json
from shipworthy.track.trackers.forwarder import sync
from tests.conftest import PROGRAM, ROOT, Shipworthy, one_sentence
from tests.e2e.conftest import Pipeline
from tests.track.trackers.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STEPS = 300


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    folder = tmp_path / "server"
    folder.mkdir()
    served = Server(folder).start()
    yield served
    if served.process:
        served.kill()


def test_a_training_outlives_its_server_and_what_that_missed_arrives(
    smoke: Pipeline, server: Server, tmp_path: Path
) -> None:
    from mlflow import MlflowClient

    smoke.to("prepare")
    workspace = smoke.copy(tmp_path, "plan", "dataset")
    command = [str(PROGRAM), "train", "experiment=smoke", f"workspace={workspace}", "tracker=mlflow"]
    command += [f"tracker.uri={server.url}", "tracker.flush_s=0.1", f"trainer.steps={STEPS}", "trainer.threads=1"]
    command += [f"trainer.validate_every={STEPS // 2}", "trainer.checkpoint_every=5"]
    said = tmp_path / "said"
    with said.open("w") as file:
        process = subprocess.Popen(command, cwd=ROOT, stdout=file, stderr=subprocess.STDOUT)
    while not list(tmp_path.glob("runs/*/step-00000[23]*")):
        assert process.poll() is None, said.read_text()
        time.sleep(0.01)
    server.kill()
    assert process.wait() == 0, said.read_text()
    assert "the tracker is away" in said.read_text()
    assert "are not sent to the tracker yet" in said.read_text()
    assert "Traceback" not in said.read_text()
    (folder,) = (path.parent for path in tmp_path.glob("runs/*/record.json"))

    server.start()
    client = MlflowClient(server.url)
    experiment = client.get_experiment_by_name("shipworthy").experiment_id
    (run,) = client.search_runs([experiment], f"tags.`shipworthy.run_id` = '{folder.name}'")
    before = client.get_metric_history(run.info.run_id, "loss")
    assert len(before) < STEPS, "it was killed in the middle"
    assert sync(folder) > 0
    losses = {point.step: point.value for point in client.get_metric_history(run.info.run_id, "loss")}
    history = read_json(folder / "checkpoint" / "history.json")
    assert losses == {entry["step"]: pytest.approx(entry["loss"]) for entry in history}
    assert client.get_run(run.info.run_id).info.status == "FINISHED"
    kept = {one.path for one in client.list_artifacts(run.info.run_id)}
    assert {"record.json", "packages.txt"} <= kept


FULL = """
import sys, time
from pathlib import Path
from shipworthy.track.trackers.schema import Mlflow
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.identity import Identity
disk = Path(sys.argv[1])
tracker = BufferedTracker(Mlflow(uri=f"sqlite:///{disk}/mlflow.db", flush_s=0.1), disk / "run" / "tracker")
tracker.start(Identity("0" * 16, "train"))
for step in range(1, 401):
    tracker.log({"loss": 1.0 / step}, step)
    if step == 100:
        time.sleep(1.0)
        with (disk / "filler").open("wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(512))
            except OSError:
                print("full", flush=True)
    if step in (150, 200, 250):
        tracker.flush(); time.sleep(1.0)
    if step == 300:
        (disk / "filler").unlink()
tracker.finish("finished")
from mlflow import MlflowClient
client = MlflowClient(f"sqlite:///{disk}/mlflow.db")
(run,) = client.search_runs([client.get_experiment_by_name("shipworthy").experiment_id])
points = client.get_metric_history(run.info.run_id, "loss")
print(run.info.status, sorted(point.step for point in points) == list(range(1, 401)))
"""


def test_a_full_disk_is_a_warning(namespace: tuple[str, ...], tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    script = f'mount -t tmpfs -o size=8m tmpfs {disk}; exec "$@"'
    command = [*namespace, "sh", "-c", script, "sh", sys.executable, "-c", FULL, str(disk)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "full\n" in done.stdout
    assert "they wait in memory, the run goes on" in done.stdout
    assert "the tracker is away" in done.stdout
    assert done.stdout.endswith("FINISHED True\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project of the test's own, under Git, with the raw data of this one."""
    folder = tmp_path / "project"
    for name in ("conf", "extensions"):
        shutil.copytree(ROOT / name, folder / name)
    for name in ("params.yaml", "requirements.lock", "data.dvc", "pyproject.toml"):
        shutil.copy(ROOT / name, folder)
    (folder / "data").symlink_to(ROOT / "data")
    (folder / ".gitignore").write_text("artifacts/\nruns/\n")
    for arguments in (["init", "-q"], ["add", "-A"], ["commit", "-qm", "one"]):
        subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments], cwd=folder, check=True)
    return folder


def holding(folder: Path, planted: list[str]) -> list[str]:
    """The files that hold one of them, in any bytes of theirs."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    assert len(files) > 100, "there is something to search"
    return [str(path) for path in files if any(one.encode() in path.read_bytes() for one in planted)]


def test_no_secret_is_in_any_record(shipworthy: Shipworthy, smoke: Pipeline, project: Path) -> None:
    token, password, key = (f"hf_{secrets.token_hex(16)}", f"pw-{secrets.token_hex(8)}", secrets.token_hex(20))
    planted = [token, password, key]
    env = {
        "HF_TOKEN": token,
        "DB_PASSWORD": password,
        "WANDB_API_KEY": key,
        "SHIPWORTHY_WEBHOOK": f"http://127.0.0.1:9/{key}",
        "PYTHONWARNINGS_TOKEN": password,
        "SLURM_JWT": password,
        "OMP_OWN_NOTE": f"cores,{token}",  # on the list of what is recorded, and holds one all the same
    }
    smoke.to("prepare")
    smoke.copy(project, "plan", "dataset")
    (project / "uncommitted.py").write_text(f'TOKEN = "{token}"\n')
    (project / ".env").write_text(f"DB_PASSWORD={password}\n")
    common = ("experiment=smoke", "trainer.steps=6", "trainer.validate_every=6", "note=does it keep quiet?")

    def ran(*arguments: str) -> None:
        done = shipworthy(*arguments, cwd=project, **env)
        assert done.returncode == 0, done.stdout + done.stderr

    def refused(*arguments: str) -> None:
        done = shipworthy(*arguments, cwd=project, **env)
        assert done.returncode == 2
        sentence = one_sentence(done)
        assert "environment" in sentence
        assert not any(one in done.stdout + done.stderr for one in planted)

    ran("train", *common, "tracker=mlflow", "tracker.system_s=0.5")
    ran("train", *common, "tracker=wandb", "tracker.system_s=0.5", "seed=18")
    ran("train", "--multirun", *common, "tracker=mlflow", "optimizer.lr=1e-3,2e-3")
    # On the command line and in a config they are refused, before anything is written.
    refused("train", *common, "tracker=mlflow", f"tracker.uri=http://me:{password}@127.0.0.1:9")
    refused("train", *common[:3], f"note=with {token}")
    refused("train", "--multirun", *common, "tracker=wandb", f"tracker.entity={key},two")
    refused("train", "--multirun", *common[:3], f"note=with {token}", "optimizer.lr=1e-3,2e-3")
    params = (project / "params.yaml").read_text()
    (project / "secret.yaml").write_text(params.replace("note: ''", f"note: {token}"))
    refused("train", "--params", "secret.yaml")
    (project / "conf" / "tracker" / "mine.yaml").write_text(f"defaults: [base_wandb, _self_]\nentity: {password}\n")
    refused("train", *common, "tracker=mine")
    refused("train", "--multirun", *common, "tracker=mine,none")

    own = {project / "uncommitted.py", project / ".env", project / "secret.yaml", project / "conf/tracker/mine.yaml"}
    assert set(holding(project, planted)) == {str(path) for path in own}, "only what the test itself wrote"
    assert list(project.glob("runs/wandb/offline-run-*/*.wandb")) and (project / "runs" / "mlflow.db").is_file()
    records = list(project.glob("runs/*/record.json"))
    assert len(records) == 4
    assert all("[secret]" in path.read_text() for path in records), "OMP_OWN_NOTE is there, without it"
    assert all("uncommitted.py" in path.with_name("code.diff").read_text() for path in records)
    # A file of the project that holds one would be copied with every run.
    done = shipworthy("train", *common, "tracker=none", "seed=5", cwd=project, **env)
    assert done.returncode == 1
    assert "conf/tracker/mine.yaml, line 2, holds" in one_sentence(done)


def test_a_run_that_was_told_to_stop_says_so(smoke: Pipeline, tmp_path: Path) -> None:
    smoke.to("prepare")
    workspace = smoke.copy(tmp_path, "plan", "dataset")
    command = [str(PROGRAM), "train", "experiment=smoke", f"workspace={workspace}", "trainer.checkpoint_every=5"]
    command += [f"trainer.steps={STEPS}", f"trainer.validate_every={STEPS}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not list(tmp_path.glob("runs/*/step-00000[1-9]*")):
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGTERM)
    assert process.wait() == 75
    (starts,) = tmp_path.glob("runs/*/starts.jsonl")
    assert '"status": "killed"' in starts.read_text()
    assert "stopped by SIGTERM" in starts.read_text()
