"""Reads starts.jsonl: when and where a run was started, and how each start ended."""

import json
import socket
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines

FILE = "starts.jsonl"
SAMPLES = "system.jsonl"
FRESH_S = 180.0
"""A run on another machine is taken for alive if it wrote something at most so long ago."""

FINISHED, RUNNING, STOPPED, FAILED, PRUNED, KILLED = "finished", "running", "stopped", "failed", "pruned", "killed"
STATUSES = (FINISHED, RUNNING, STOPPED, FAILED, PRUNED, KILLED)
# Who was told to stop said so in its last line; who could not even write one was killed by force.
ENDINGS = {"finished": FINISHED, "failed": FAILED, "killed": STOPPED, "pruned": PRUNED, "stopped": STOPPED}


@dataclass(frozen=True)
class Start:
    """One start of a run.

    Attributes:
        began, ended: seconds since the epoch (ended: None while it runs, or if it was killed by force).
        job: its Slurm job (empty: none).
        price_per_hour: of the machine (in `currency`).
        status, said, step: how it ended, the sentence it ended with, and at which step; empty and None if it did not.
    """

    number: int
    began: float
    ended: float | None
    host: str
    pid: int
    job: str
    gpus: Sequence[str]
    price_per_hour: float
    currency: str
    status: str
    said: str
    step: int | None


def read(folder: Path) -> list[Start]:
    """The starts of the run in `folder`, the first one first; none where nothing was noted.

    Raises:
        ValueError: a line is no JSON; one that a kill cut off is left out.
    """
    begun: dict[int, dict[str, Any]] = {}
    for line in _lines(folder / FILE):
        begun.setdefault(line["start"], {}).update(line)
    return [_start(number, facts) for number, facts in sorted(begun.items()) if "began" in facts]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    for number, text in json_lines.texts(path):
        if not text.endswith("}"):
            continue
        try:
            yield json.loads(text)
        except ValueError:
            raise ValueError(f"line {number} is no JSON") from None


def _start(number: int, facts: Mapping[str, Any]) -> Start:
    return Start(
        number,
        float(facts["began"]),
        facts.get("ended"),
        facts.get("host", ""),
        facts.get("pid", 0),
        facts.get("job") or "",
        facts.get("gpus") or (),
        facts.get("price_per_hour") or 0.0,
        facts.get("currency", ""),
        facts.get("status", ""),
        facts.get("said") or "",
        facts.get("step"),
    )


def status(folder: Path, starts: Sequence[Start], done: bool) -> str:
    """How the run stands: one of `STATUSES`.

    Args:
        done: its checkpoint is whole.
    """
    last = starts[-1] if starts else None
    if last and last.ended is None and alive(folder, last):
        return RUNNING
    if done:
        return FINISHED
    if last is None:
        return RUNNING if _quiet_for(folder) < FRESH_S else KILLED
    return ENDINGS.get(last.status, last.status) if last.ended is not None else KILLED


def alive(folder: Path, start: Start) -> bool:
    """Whether the process of a start is still there; of another machine's, whether it wrote something of late."""
    if start.host != socket.gethostname():
        return _quiet_for(folder) < FRESH_S
    import psutil  # who lists runs that are over need not wait for it

    try:
        # A process that is younger than the start has only got its number.
        return bool(psutil.Process(start.pid).create_time() <= start.began + 1)
    except psutil.Error:
        return False


def _quiet_for(folder: Path) -> float:
    return time.time() - last_sign(folder)


def last_sign(folder: Path) -> float:
    """When the run last wrote something (seconds since the epoch): a sample of its machine, or a checkpoint."""
    written = [folder / SAMPLES, folder / FILE, *folder.glob("step-*")]
    return max((path.stat().st_mtime for path in written if path.exists()), default=folder.stat().st_mtime)
