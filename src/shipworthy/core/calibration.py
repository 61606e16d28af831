"""What past runs say of the planner's estimates: the folder in which tracker and architect meet, one run a line.

runs/calibration/<host>.<number>.jsonl: each host writes files of its own, for over a network's file system two hosts'
appends would overwrite each other; when one is full the next is begun, and the oldest go.
"""

import re
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.files import sha256_of_json

FOLDER = "calibration"
FULL_BYTES, KEPT = 500_000, 2
"""A file with so much in it is full; so many of a host are kept: at least the newest 500 lines or so."""
QUANTITIES = ("seconds", "validation_seconds", "memory_mb")
"""What is estimated and measured: seconds of the training's steps, of its validations, and the peak of memory (of a GPU
where there is one)."""
SAME_GROUPS = ("model", "adapter")
SAME_TRAINER = ("kind", "batch_size", "micro_batch_size", "auto_batch", "validate_every", "validation_rows")
"""What of the trainer makes the time of a step, or the number of validations."""


def kind_of_machine(processor: str, cores: int, gpus: int = 0, gpu_name: str = "") -> str:
    """Machines of the same kind, whose speed is compared: the same GPUs, or the same processor and number of cores."""
    return f"{gpus} × {gpu_name}" if gpus else f"{processor}, {cores} cores"


def settings(config: Mapping[str, Any]) -> str:
    """A short hash of what of a config makes a training's time and memory, beside its rows and its number of steps.

    Args:
        config: with the groups model, adapter and trainer, as plain containers.
    """
    trainer = config.get("trainer") or {}
    told = {group: config.get(group) for group in SAME_GROUPS}
    return sha256_of_json({**told, "trainer": {name: trainer.get(name) for name in SAME_TRAINER}})[:12]


def read(runs: Path) -> list[dict[str, Any]]:
    """The newest line of each run, the oldest first; a line that was cut off by a kill is left out.

    Args:
        runs: the folder of the runs.
    """
    lines = (line for path in (runs / FOLDER).glob("*.jsonl") for line in json_lines.read(path))
    found: dict[str, dict[str, Any]] = {}
    for line in sorted((line for line in lines if line.get("run_id")), key=lambda line: float(line.get("time") or 0)):
        found.pop(line["run_id"], None)
        found[line["run_id"]] = line
    return list(found.values())


def append(runs: Path, line: Mapping[str, Any]) -> None:
    """Adds a run's line in one write, so that runs that end together don't mix theirs.

    Nobody waits for a lock: who finds the newest file full writes into the one after it, as everybody else will.
    """
    host = re.sub(r"[^\w-]", "_", socket.gethostname()) or "host"
    numbers = sorted(int(path.suffixes[-2][1:]) for path in (runs / FOLDER).glob(f"{host}.*.jsonl"))
    newest = numbers[-1] if numbers else 1
    if numbers and _file(runs, host, newest).stat().st_size >= FULL_BYTES:
        newest += 1
    json_lines.append(_file(runs, host, newest), line)
    for number in numbers:
        if number <= newest - KEPT:
            _file(runs, host, number).unlink(missing_ok=True)


def _file(runs: Path, host: str, number: int) -> Path:
    return runs / FOLDER / f"{host}.{number}.jsonl"
