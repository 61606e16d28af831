"""What past runs say of the planner's estimates: the file in which tracker and architect meet, one run a line."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
    for text in path.read_text(encoding="utf-8").splitlines() if path.is_file() else []:
        try:
            line = json.loads(text)
        except ValueError:
            continue
        found.pop(line["run_id"], None)
        found[line["run_id"]] = line
    return list(found.values())


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Adds a run's line in one write, so that runs that end together don't mix theirs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a", encoding="utf-8") as file:
        # A line that a kill cut off must not swallow this one.
        torn = file.tell() > 0 and not _ends_well(path)
        file.write(("\n" if torn else "") + json.dumps(line, ensure_ascii=False) + "\n")


def _ends_well(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, 2)
        return file.read(1) == b"\n"
