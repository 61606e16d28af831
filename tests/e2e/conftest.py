"""The whole pipeline in small, run once per session; a test that spoils something works on a copy."""

import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from filelock import FileLock

from shipworthy.cli import COMMANDS
from tests.conftest import Shipworthy
from tests.tiny import write_encoder


@dataclass
class Pipeline:
    """A pipeline that is run as far as a test asks for, each command once per session, by whichever worker comes first.

    Attributes:
        shipworthy: the command line.
        experiment: the recipe.
        workspace: where its artifacts are.
        overrides: what is otherwise than in the recipe.
    """

    shipworthy: Shipworthy
    experiment: str
    workspace: Path
    overrides: tuple[str, ...] = ()

    @classmethod
    def shared(
        cls,
        shipworthy: Shipworthy,
        experiment: str,
        folders: pytest.TempPathFactory,
        name: str,
        overrides: tuple[str, ...] = (),
    ) -> "Pipeline":
        """One for all of pytest-xdist's workers, whose own folders lie side by side in the session's."""
        own = folders.getbasetemp()
        folder = (own.parent if os.environ.get("PYTEST_XDIST_WORKER") else own) / f"pipeline-{name}"
        (folder / "walked").mkdir(parents=True, exist_ok=True)
        return cls(shipworthy, experiment, folder / "artifacts", overrides)

    def to(self, last: str) -> Path:
        """Calls the commands up to `last`; fails with what the first failing one said."""
        walked = self.workspace.with_name("walked")
        recipe = (f"experiment={self.experiment}", f"workspace={self.workspace}", *self.overrides)
        with FileLock(walked / "lock"):
            for command in COMMANDS:
                if not (walked / command).exists():
                    done = self.shipworthy(command, *recipe)
                    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr}"
                    (walked / command).touch()
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
    return Pipeline.shared(shipworthy, "smoke", tmp_path_factory, "smoke")


@pytest.fixture(scope="session")
def adult(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=adult_xgboost: a table, a family that fits itself."""
    return Pipeline.shared(shipworthy, "adult_xgboost", tmp_path_factory, "adult")


@pytest.fixture(scope="session")
def california(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=california_xgboost on a seventh of the data: a table, and a number to be told."""
    overrides = ("tracker=none", "data.sample=0.15", "model.rounds=100")
    return Pipeline.shared(shipworthy, "california_xgboost", tmp_path_factory, "california", overrides)


@pytest.fixture(scope="session")
def operation_errors(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=operation_errors on a fifth of the data: texts, and several labels to be told."""
    overrides = ("tracker=none", "data.sample=0.2")
    return Pipeline.shared(shipworthy, "operation_errors", tmp_path_factory, "operation_errors", overrides)


@pytest.fixture(scope="session")
def sarcasm(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=sarcasm with a tiny random network, on 1% of the data: classes in words."""
    small = ("model=tiny_random", "tracker=none", "preflight=off", "data.sample=0.01", "adapter.first_layer=0")
    steps = ("steps=6", "validate_every=3", "validation_rows=6", "checkpoint_every=3", "threads=1")
    trainer = (*(f"trainer.{step}" for step in steps), "trainer.accept_unfit_plan=true")
    return Pipeline.shared(shipworthy, "sarcasm", tmp_path_factory, "sarcasm", (*small, *trainer))


@pytest.fixture(scope="session")
def sarcasm_tfidf(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=sarcasm_tfidf on a tenth of the data: texts, a family that fits itself."""
    overrides = ("tracker=none", "data.sample=0.1")
    return Pipeline.shared(shipworthy, "sarcasm_tfidf", tmp_path_factory, "sarcasm_tfidf", overrides)


@pytest.fixture(scope="session")
def sarcasm_head(shipworthy: Shipworthy, tmp_path_factory: pytest.TempPathFactory) -> Pipeline:
    """experiment=sarcasm_head with a tiny random encoder, on 4% of the data: classes by a head."""
    pipeline = Pipeline.shared(shipworthy, "sarcasm_head", tmp_path_factory, "sarcasm_head")
    folder = pipeline.workspace.with_name("encoder")
    with FileLock(f"{folder}.lock"):
        if not folder.is_dir():
            write_encoder(folder)
    model = ("model=modernbert_base", "model.source.kind=folder", f"model.source.path={folder}", "model.max_length=48")
    small = (
        "model.template='{question}'",
        "tracker=none",
        "data.sample=0.04",
        "adapter.first_layer=0",
        "trainer.accept_unfit_plan=true",
        "optimizer.lr=0.01",
    )
    steps = ("steps=40", "validate_every=20", "validation_rows=100", "checkpoint_every=10", "threads=1")
    trainer = (f"trainer.{step}" for step in steps)
    return replace(pipeline, overrides=(*model, *small, *trainer))


@pytest.fixture
def namespace() -> tuple[str, ...]:
    """The command that starts another with mounts of its own; fails where that is not possible."""
    for command in (("unshare", "-m"), ("unshare", "-rm")):
        probe = [*command, "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
        if shutil.which("unshare") and subprocess.run(probe, capture_output=True, check=False).returncode == 0:
            return command
    pytest.fail("A full disk cannot be tried here: neither root nor user namespaces (unshare -rm) may mount a tmpfs.")
