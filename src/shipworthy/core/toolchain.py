"""The environments in toolchains/, each with a Python of its own, which its `build` makes in the cache."""

import subprocess
import sys
from pathlib import Path
from typing import IO

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.project import project_root

FOLDER = Path("toolchains")


def locate(name: str, *, title: str, remedy: str) -> Path:
    """The folder of a built environment.

    Args:
        name: of its folder in toolchains/.
        title: what messages call it.
        remedy: what follows `run toolchains/<name>/build` in the message, e.g. `(a minute, once)`.

    Raises:
        ShipworthyError: it is not built.
    """
    build = FOLDER / name / "build"
    command = [sys.executable, str(project_root() / build), "--where"]
    result = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace", check=False)
    folder = Path(result.stdout.strip())
    if result.returncode != 0:
        raise ShipworthyError(f"{title} is not built in {folder}: run {build} {remedy}.")
    return folder


def last_line(file: IO[str]) -> str:
    """The last line of what a process wrote."""
    file.seek(0)
    return (file.read().strip() or "it wrote nothing").splitlines()[-1]
