"""A job's own word on how it goes: Slurm knows whether a process ended, not whether the work is done."""

import os
import threading
import time
from pathlib import Path
from typing import Any

from shipworthy.core.files import read_json, write_json
from shipworthy.core.secrets import redact

SECONDS_BETWEEN_WRITES = 2.0


class Status:
    """Writes a job's status file.

    `state` is running, finished, failed or stopped; `step` and `steps` are done and planned; `run_id` names the run,
    `metric` its validation; `said` is the sentence of an error. `attempts` has one entry per start: `job` and
    `restart` by Slurm, `node`, `began`, `ended` and `kept` (epoch seconds; the last of them is when the newest
    checkpoint was written), `step`, `outcome`.
    """

    def __init__(self, path: Path) -> None:
        """Goes on with the file that an earlier start left."""
        self.path = path
        self.value: dict[str, Any] = read_json(path) if path.is_file() else {"attempts": []}
        self._written = 0.0
        self._lock = threading.Lock()  # checkpoints are written, and told of, in a thread of their own

    def begin(self) -> None:
        """Notes this start."""
        now = time.time()
        attempt = {"job": job_id(), "restart": restarts(), "node": os.environ.get("SLURMD_NODENAME", ""), "began": now}
        self.value["attempts"].append(attempt)
        self._write(state="running", said="")

    def note(self, facts: dict[str, Any]) -> None:
        """Takes what the run tells; written every few seconds."""
        with self._lock:
            self.value |= facts
            if "step" in facts:
                self.value["attempts"][-1]["step"] = facts["step"]
            if "kept" in facts:
                self.value["attempts"][-1]["kept"] = time.time()
            if time.monotonic() - self._written > SECONDS_BETWEEN_WRITES:
                self._write()

    def end(self, state: str, outcome: str, said: str = "") -> None:
        """Notes how this start ended; secrets are taken out of what was said."""
        with self._lock:
            self.value["attempts"][-1] |= {"ended": time.time(), "outcome": outcome}
            self._write(state=state, said=redact(said))

    def _write(self, **facts: Any) -> None:
        self.value |= {**facts, "written": time.time()}
        write_json(self.path, self.value)
        self._written = time.monotonic()


def job_id() -> str:
    """This job's id, as Slurm's commands take it: of an array task, the array's and the task's."""
    if array := os.environ.get("SLURM_ARRAY_JOB_ID"):
        return f"{array}_{os.environ['SLURM_ARRAY_TASK_ID']}"
    return os.environ.get("SLURM_JOB_ID", "")


def restarts() -> int:
    """How often Slurm has started this job again."""
    return int(os.environ.get("SLURM_RESTART_COUNT", "0"))
