"""One seed, one result: trained twice, and killed and resumed, the weights are the same to the last bit."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core.artifact import read_artifact
from shipworthy.core.files import sha256_of_file
from tests.conftest import PROGRAM, ROOT, Shipworthy
from tests.e2e.conftest import Pipeline

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]

STEPS = 120  # long enough to be killed in the middle
LONGER = (
    "experiment=smoke",
    f"trainer.steps={STEPS}",
    f"trainer.validate_every={STEPS // 2}",
    "trainer.checkpoint_every=5",
    "trainer.threads=1",
)
WEIGHTS = "adapter/adapter_model.safetensors"


def weights(workspace: Path) -> str:
    """The hash of the trained weights."""
    checkpoint = read_artifact(workspace / "checkpoint", "checkpoint")
    assert len(checkpoint.json("history.json")) >= 1
    assert checkpoint.json("training.json")["steps"] == STEPS
    return sha256_of_file(checkpoint.file(WEIGHTS))


@pytest.fixture(scope="module")
def trained(shipworthy: Shipworthy, smoke: Pipeline, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """Trains in a fresh workspace, and says what the weights' hash is."""

    def train(*overrides: str) -> str:
        smoke.to("prepare")
        workspace = smoke.copy(tmp_path_factory.mktemp("train"), "plan", "dataset")
        done = shipworthy("train", *LONGER, f"workspace={workspace}", *overrides)
        assert done.returncode == 0, done.stderr
        return weights(workspace)

    return train


@pytest.fixture(scope="module")
def reference(trained: Callable[..., str]) -> str:
    """The weights' hash of an undisturbed run."""
    return trained()


def test_the_same_seed_gives_the_same_weights(trained: Callable[..., str], reference: str) -> None:
    assert trained() == reference


def test_another_seed_gives_other_weights(trained: Callable[..., str], reference: str) -> None:
    assert trained("seed=18") != reference


def test_killed_in_the_middle_and_resumed_gives_the_same_weights(
    shipworthy: Shipworthy, smoke: Pipeline, tmp_path: Path, reference: str
) -> None:
    workspace = smoke.copy(tmp_path, "plan", "dataset")
    command = [str(PROGRAM), "train", *LONGER, f"workspace={workspace}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, start_new_session=True)
    while not any(int(path.name[5:]) >= 50 for path in tmp_path.glob("runs/*/step-*")):
        assert process.poll() is None, "it ended before it could be killed"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (workspace / "checkpoint").exists()

    resumed = shipworthy("train", *LONGER, f"workspace={workspace}")
    assert resumed.returncode == 0, resumed.stderr
    assert "going on from step" in resumed.stdout
    assert weights(workspace) == reference
