"""TRL, which has its own Python: its process, and what it says of each step."""

import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import toolchain
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.interrupt import StopRequestedError, asked, reason
from shipworthy.core.lazy import project_files
from shipworthy.core.project import project_root

NAME = "trl"
FOLDER = project_files("toolchains/trl")
SCRIPT = "train.py"
STOPPED = 75
"""With which it ends where it was asked to stop."""
SOURCE = Path(__file__).parents[3]
"""Where the package stands that runs, which it is to import, too."""


def interpreter() -> Path:
    """The Python that has TRL.

    Raises:
        ShipworthyError: it is not built.
    """
    return toolchain.locate(NAME, title="TRL", remedy="(a minute, once)") / "env" / "bin" / "python"


def steps(job: Mapping[str, Any], folder: Path) -> Iterator[dict[str, Any]]:
    """Trains in another process; what toolchains/trl/train.py says of each step and each validation.

    Args:
        job: as that script wants it, but for `parent`.
        folder: where the job is put, and `trl.log`, what it says beside its lines.

    Raises:
        ShipworthyError: it failed; its last words are in the message.
        StopRequestedError: this process was asked to stop; the step is saved.
    """
    write_json(folder / "job.json", {**job, "parent": os.getpid()})
    command = [str(interpreter()), str(project_root() / FOLDER / SCRIPT), str(folder / "job.json")]
    environment = {**os.environ, "PYTHONPATH": str(SOURCE), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_OFFLINE": "1"}
    with (folder / "trl.log").open("a+", encoding="utf-8", errors="replace") as log:
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, encoding="utf-8", env=environment
        ) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    yield json.loads(line)
                    if asked():
                        process.send_signal(signal.SIGTERM)
            except BaseException:
                process.kill()
                raise
        if process.returncode == STOPPED:
            why = asked() or "its parent's end"
            raise StopRequestedError(why, f"{reason(why)}: TRL's step is saved; run it again to go on.")
        if process.returncode:
            raise ShipworthyError(
                f"TRL ended with code {process.returncode}: {toolchain.last_line(log)} ({log.name} has the rest)"
            )
