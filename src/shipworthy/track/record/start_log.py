"""Writes each start of a run, and how it ended, to starts.jsonl: two lines each."""

import os
import socket
import time
from pathlib import Path
from typing import Any, Literal

from shipworthy.core import gpus, json_lines
from shipworthy.core.groups import ComputeConfig
from shipworthy.core.machine import cores
from shipworthy.core.secrets import redact

FILE = "starts.jsonl"
Outcome = Literal["finished", "failed", "killed", "pruned"]


class StartLog:
    """The log of one start: `begin`, `note` the step, `end`; without an end it was killed by SIGKILL or a crash."""

    def __init__(self, folder: Path) -> None:
        """Notes nothing yet."""
        self._path = folder / FILE
        self._number = 0
        self.step: int | None = None
        self._stepped: list[tuple[int, float]] = []

    def begin(self, began: float, compute: ComputeConfig) -> None:
        """Notes where it runs, from which checkpoint, and at which price.

        Args:
            began: seconds since the epoch.
        """
        self._number = sum("began" in line for line in json_lines.read(self._path)) + 1
        saved = [int(path.name.removeprefix("step-")) for path in self._path.parent.glob("step-*") if path.is_dir()]
        self.step = max(saved, default=None)
        driver = gpus.driver()
        self._append(
            began=began,
            host=socket.gethostname(),
            pid=os.getpid(),
            job=os.environ.get("SLURM_JOB_ID", ""),
            cpus=cores(),
            gpus=[driver.gpus[number][0] for number in gpus.visible(len(driver.gpus))] if driver else [],
            price_per_hour=float(getattr(compute, "price_per_hour", 0.0)),
            currency=str(getattr(compute, "currency", "")),
            from_step=self.step or 0,
        )

    def note(self, facts: dict[str, Any]) -> None:
        """Takes what the run tells of itself (core/events.py); of its steps, when the first and the last was done."""
        self.step = facts.get("step", self.step)
        if "step" in facts:
            self._stepped = [*self._stepped[:1], (int(facts["step"]), time.time())]

    def end(self, status: Outcome, said: str) -> None:
        """Notes how it ended.

        Args:
            said: the sentence of an error; secrets are taken out.
        """
        self._append(ended=time.time(), status=status, said=redact(said), step=self.step, stepped=self._stepped)

    def _append(self, **facts: Any) -> None:
        json_lines.append(self._path, {"start": self._number, **facts})
