"""The whole road in small, walked once per session; a test that spoils something works on a copy."""

import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from shipworthy.cli import COMMANDS
from tests.conftest import Shipworthy


@dataclass
class Pipeline:
    """A road that is walked as far as a test asks for, each command once per session.

    Attributes:
        shipworthy: the command line.
        experiment: the recipe.
        workspace: where its artifacts are.
        overrides: what is otherwise than in the recipe.
        walked: the commands that were called.
    """

    shipworthy: Shipworthy
    experiment: str
    workspace: Path
    overrides: tuple[str, ...] = ()
    walked: set[str] = field(default_factory=set)

    def to(self, last: str) -> Path:
        """Calls the commands up to `last`; fails with what the first failing one said."""
        for command in COMMANDS:
            if command not in self.walked:
                recipe = (f"experiment={self.experiment}", f"workspace={self.workspace}", *self.overrides)
                done = self.shipworthy(command, *recipe)
                assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr}"
                self.walked.add(command)
            if command == last:
                break
        return self.workspace

    def copy(self, folder: Path, *kinds: str) -> Path:
        """A workspace in `folder` with the named artifacts."""
        for kind in kinds:
            shutil.copytree(self.workspace / kind, folder / "artifacts" / kind)
        return folder / "artifacts"


@pytest.fixture(scope="session")
def smoke(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=smoke: text, a tiny random network."""
    return Pipeline(shipworthy, "smoke", tmp_path_factory.mktemp("smoke") / "artifacts")


@pytest.fixture(scope="session")
def adult(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=adult_xgboost: a table, a family that fits itself."""
    return Pipeline(shipworthy, "adult_xgboost", tmp_path_factory.mktemp("adult") / "artifacts")


@pytest.fixture(scope="session")
def sarcasm(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=sarcasm with a tiny random network, on 1% of the data: classes in words."""
    small = ("model=tiny_random", "tracker=none", "preflight=off", "data.sample=0.01", "adapter.first_layer=0")
    steps = ("steps=6", "validate_every=3", "validation_rows=6", "checkpoint_every=3", "threads=1")
    trainer = (*(f"trainer.{step}" for step in steps), "trainer.accept_unfit_plan=true")
    place = tmp_path_factory.mktemp("sarcasm") / "artifacts"
    return Pipeline(shipworthy, "sarcasm", place, (*small, *trainer))


@pytest.fixture(scope="session")
def sarcasm_tfidf(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=sarcasm_tfidf on a tenth of the data: texts, a family that fits itself."""
    place = tmp_path_factory.mktemp("sarcasm_tfidf") / "artifacts"
    return Pipeline(shipworthy, "sarcasm_tfidf", place, ("tracker=none", "data.sample=0.1"))


@pytest.fixture
def namespace() -> tuple[str, ...]:
    """The command that starts another with mounts of its own; fails where that is not possible."""
    for command in (("unshare", "-m"), ("unshare", "-rm")):
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return command
    pytest.fail("A full disk cannot be tried here: neither root nor user namespaces (unshare -rm) may mount a tmpfs.")
