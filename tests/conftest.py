"""What all tests share: they run in the project's root, and call the command line as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from xdist.remote import Producer
from xdist.scheduler.loadscope import LoadScopeScheduling

from shipworthy.cli import main
from shipworthy.core.extensions import extensions
from shipworthy.core.project import project_root

ROOT = Path(__file__).resolve().parents[1]
SLURM = "tests/slurm/"
PROGRAM = Path(sys.executable).with_name("shipworthy")

Shipworthy = Callable[..., subprocess.CompletedProcess[str]]


class Together(LoadScopeScheduling):
    """The tests of a file stay together, with what they set up, and so do all of the one Slurm cluster.

    pytest-xdist 3.8's own groups are names that it writes into a test, where pytest 9.2 no longer reads them.
    """

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return SLURM if file.startswith(SLURM) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Together | None:
    """What `--dist loadgroup` means here."""
    return Together(config, log) if config.getoption("dist") == "loadgroup" else None


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Those of the Slurm cluster come first: they take longest, and wait for Slurm meanwhile."""
    items.sort(key=lambda item: not item.nodeid.startswith(SLURM))


@pytest.fixture(autouse=True, scope="session")
def _project_root() -> None:
    os.chdir(ROOT)
    extensions()  # found once for each process: in this project, whatever folder a test goes to
    os.environ.pop("COLUMNS", None)  # tables are as wide as where there is no terminal


@pytest.fixture(scope="session")
def shipworthy() -> Shipworthy:
    """Runs `shipworthy ARGUMENTS` in a process of its own; `under` is what it runs under, `env` what is set for it."""

    def call(
        *arguments: str, under: tuple[str, ...] = (), cwd: Path = ROOT, **env: str
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*under, str(PROGRAM), *arguments],
            cwd=cwd,
            env={**os.environ, **env},
            capture_output=True,
            text=True,
            check=False,
        )

    return call


@pytest.fixture
def in_process(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Shipworthy]:
    """As `shipworthy`, in this process, where what was imported once stays so: for what is refused."""

    def call(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
        monkeypatch.chdir(cwd)
        project_root.cache_clear()
        try:
            code = main(arguments)
        except SystemExit as stopped:
            code = int(str(stopped.code))
        said = capsys.readouterr()
        return subprocess.CompletedProcess(arguments, code, said.out, said.err)

    yield call
    project_root.cache_clear()


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr that a user gets to see; fails if there is more, or a traceback."""
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
