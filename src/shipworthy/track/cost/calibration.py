"""What a finished run says of its plan: one line of runs/calibration.jsonl, which the next plan reads."""

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.artifact import Artifact
from shipworthy.core.calibration import FILE, QUANTITIES, append, kind_of_machine
from shipworthy.core.files import read_json, sha256_of_file
from shipworthy.track.runs.starts import FILE as STARTS

PLAN = "plan.json"
SAME_GROUPS = ("task", "model", "adapter")
SAME_TRAINER = ("kind", "batch_size", "micro_batch_size", "auto_batch", "validate_every", "validation_rows")
"""What of the trainer makes the time of a step, or the number of validations."""


def note(folder: Path, plan: Artifact) -> dict[str, Any] | None:
    """Notes what was estimated and what was measured, and returns the line; None where the two can't be compared.

    They can be where the plan is of this config on this kind of machine, the run saw all rows, and it was no trial of a
    campaign, for those share their machine. A run that stopped early is compared by its share of the steps.

    Args:
        folder: of the run, finished: with record.json and checkpoint/.
        plan: as it was read when the run began.
    """
    record, document = read_json(folder / "record.json"), _document(plan)
    config = record["config"]
    part = config.get("sample") or config.get("validation_share", 1.0) != 1.0
    if document is None or record.get("campaign") or part or not _same(plan.manifest.config, config):
        return None
    machine = _planned_machine(document, plan.manifest.environment)
    if machine != _machine(record["environment"], _last_start(folder)):
        return None
    training = read_json(folder / "checkpoint" / "training.json")
    done = training["steps"] / document["steps"] if document.get("steps") else 1.0
    told = {name: _scaled(_told(document, name), 1.0 if name == "memory_mb" else done) for name in QUANTITIES}
    raw = (document.get("calibration") or {}).get("estimated", {})
    line = {
        "run_id": record["run_id"],
        "time": time.time(),
        "machine": machine,
        "family": document["family"],
        "task": document["task"],
        "told": told,
        "estimated": {
            name: _scaled(raw[name], 1.0 if name == "memory_mb" else done) if name in raw else told[name]
            for name in QUANTITIES
        },
        "libraries_mb": document["memory_mb"]["parts"].get("libraries", {}).get("value", 0.0),
        "measured": _measured(training, read_json(folder / "checkpoint" / "history.json"), document["machine"]),
        "code": {name: record["code"].get(name, "") for name in ("git_sha", "source")},
    }
    append(folder.parent / FILE, line)
    return line


def _document(plan: Artifact) -> dict[str, Any] | None:
    """What the plan says; None where it is not the one any more that the run began with."""
    path = plan.path / PLAN
    known = plan.manifest.files.get(PLAN)
    if known is None or not path.is_file() or sha256_of_file(path) != known["sha256"]:
        return None
    document: dict[str, Any] = read_json(path)
    return document


def _same(planned: Mapping[str, Any], config: Mapping[str, Any]) -> bool:
    trainers = [{name: one["trainer"].get(name) for name in SAME_TRAINER} for one in (planned, config)]
    return trainers[0] == trainers[1] and all(planned[group] == config[group] for group in SAME_GROUPS)


def _planned_machine(document: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    machine = document["machine"]
    return kind_of_machine(environment["processor"], machine["cores"], machine["gpus"], machine["gpu_name"])


def _machine(environment: Mapping[str, Any], start: Mapping[str, Any]) -> str:
    """Of a run; GPUs of several kinds are none that a plan knows."""
    gpus = environment["gpus"] if environment.get("gpus") is not None else start["gpus"]
    return kind_of_machine(environment["processor"], environment["cpus"], len(gpus), ", ".join(sorted(set(gpus))))


def _last_start(folder: Path) -> Mapping[str, Any]:
    return [line for line in json_lines.read(folder / STARTS) if "began" in line][-1]


def _told(document: Mapping[str, Any], name: str) -> Mapping[str, float]:
    told: Mapping[str, float] = document["memory_mb"]["total"] if name == "memory_mb" else document[name]
    return told


def _scaled(bounds: Mapping[str, float], factor: float) -> dict[str, float]:
    return {name: factor * bounds[name] for name in ("value", "low", "high")}


def _measured(
    training: Mapping[str, Any], history: list[dict[str, Any]], machine: Mapping[str, Any]
) -> dict[str, float]:
    """By quantity, as far as the run measured it."""
    found = {"seconds": training.get("seconds"), "memory_mb": training.get("peak_memory_mb")}
    if machine["gpus"]:
        of_gpu = [entry["gpu_memory_mb"] for entry in history if "gpu_memory_mb" in entry]
        found["memory_mb"] = max(of_gpu, default=None)
    if validations := [entry["validation_s"] for entry in history if "validation_s" in entry]:
        found["validation_seconds"] = sum(validations)
    return {name: float(value) for name, value in found.items() if value is not None}
