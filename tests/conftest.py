"""What all tests share: they run in the project's root, and call the command line as a user does."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shipworthy.core.extensions import extensions

ROOT = Path(__file__).resolve().parents[1]
PROGRAM = Path(sys.executable).with_name("shipworthy")

Shipworthy = Callable[..., subprocess.CompletedProcess[str]]


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


def one_sentence(done: subprocess.CompletedProcess[str]) -> str:
    """The one line on stderr that a user gets to see; fails if there is more, or a traceback."""
    assert "Traceback" not in done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    return lines[0]
