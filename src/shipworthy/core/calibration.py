"""What past runs say of the planner's estimates: the file in which tracker and architect meet, one run a line."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines

FILE = "calibration.jsonl"
QUANTITIES = ("seconds", "validation_seconds", "memory_mb")
"""What is estimated and measured: seconds of the training's steps, of its validations, and the peak of memory (of a GPU
where there is one)."""


def kind_of_machine(processor: str, cores: int, gpus: int = 0, gpu_name: str = "") -> str:
    """Machines of the same kind, whose speed is compared: the same GPUs, or the same processor and number of cores."""
    return f"{gpus} × {gpu_name}" if gpus else f"{processor}, {cores} cores"


def read(path: Path) -> list[dict[str, Any]]:
    """The newest line of each run, in the order of the file; a line that was cut off by a kill is left out."""
    found: dict[str, dict[str, Any]] = {}
    for line in json_lines.read(path):
        if run := line.get("run_id"):
            found.pop(run, None)
            found[run] = line
    return list(found.values())


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Adds a run's line in one write, so that runs that end together don't mix theirs."""
    json_lines.append(path, line)
