"""A selected checkpoint in MLflow's model registry, and what the server's own page shows of it all."""

import shutil
import subprocess
import uuid
from pathlib import Path

import pytest

from shipworthy.core.artifact import read_artifact, write_artifact
from shipworthy.core.errors import ArtifactError, ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.identity import Identity
from shipworthy.track.trackers.registry import register
from shipworthy.track.trackers.schema import Mlflow
from tests.track.trackers.server import Server

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]


def tracked(server: Server, folder: Path, name: str = "train tiny") -> tuple[Mlflow, str]:
    """A finished run."""
    config, run_id = Mlflow(uri=server.url, experiment="registry", flush_s=0.1), uuid.uuid4().hex[:16]
    tracker = BufferedTracker(config, folder / run_id / "tracker")
    tracker.start(Identity(run_id, name, config={"optimizer": {"lr": 0.003}}))
    for step in range(1, 11):
        tracker.log({"loss": 1.0 / step, "val_metric": step / 20}, step)
    tracker.alert("overfitting", "the gap between train and validation grows", 10)
    tracker.finish("finished")
    return config, run_id


def checkpoint(folder: Path, run_id: str, content: str) -> Path:
    with write_artifact(folder, "checkpoint", run_id=run_id, config={}, inputs={}, seeds={}) as target:
        write_json(target / "candidate.json", {"content": content})
        (target / "adapter").mkdir()
        (target / "adapter" / "adapter_model.safetensors").write_bytes(b"weights of " + content.encode())
    return folder


def test_the_alias_moves_and_the_same_checkpoint_is_registered_once(server: Server, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    name = f"operation-namer-{uuid.uuid4().hex[:6]}"
    config, first = tracked(server, tmp_path)
    folder = checkpoint(tmp_path / "first", first, "one")
    assert register(config, first, folder, name, "champion") == "1"
    assert register(config, first, folder, name, "champion") == "1"
    _, second = tracked(server, tmp_path)
    assert register(config, second, checkpoint(tmp_path / "second", second, "two"), name, "champion") == "2"

    client = MlflowClient(server.url)
    champion = client.get_model_version_by_alias(name, "champion")
    digest = read_artifact(tmp_path / "second", "checkpoint").digest
    assert (champion.version, champion.tags) == ("2", {"run_id": second, "digest": digest})
    assert len(client.search_model_versions(f"name = '{name}'")) == 2
    got = Path(client.download_artifacts(champion.run_id, "model", str(tmp_path)))
    assert read_artifact(got, "checkpoint").digest == digest, "what comes back out is what went in"


def test_what_can_not_be_registered_is_one_sentence(server: Server, tmp_path: Path) -> None:
    config, run_id = tracked(server, tmp_path)
    folder = checkpoint(tmp_path / "one", run_id, "one")
    with pytest.raises(ShipworthyError, match="has no run ffff.*runs sync"):
        register(config, "f" * 16, folder, "namer", "champion")
    with pytest.raises(ShipworthyError, match="did not register"):
        register(Mlflow(uri="http://127.0.0.1:9"), run_id, folder, "namer", "champion")
    (folder / "candidate.json").write_text("{}")
    with pytest.raises(ArtifactError):
        register(config, run_id, folder, "namer", "champion")


def page(url: str, profile: Path) -> str:
    """The page as a browser has it when its scripts have run."""
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    assert chromium, "the page is looked at with chromium: install it"
    command = [chromium, "--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={profile}"]
    command += ["--virtual-time-budget=30000", "--dump-dom", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=200, check=True).stdout


@pytest.mark.browser
def test_the_servers_page_shows_the_run(server: Server, tmp_path: Path) -> None:
    from mlflow import MlflowClient

    _, run_id = tracked(server, tmp_path, "train seen-by-a-browser")
    client = MlflowClient(server.url)
    experiment = client.get_experiment_by_name("registry").experiment_id
    (run,) = client.search_runs([experiment], f"tags.`shipworthy.run_id` = '{run_id}'")
    shown = page(f"{server.url}/#/experiments/{experiment}/runs/{run.info.run_id}", tmp_path / "profile")
    for word in ("train seen-by-a-browser", "Finished", "val_metric", "0.003", run_id, "alert.10.overfitting"):
        assert word in shown, word
