"""What a finished run measured beside what was estimated for it: a line, which the next plan reads."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.artifact import Artifact
from shipworthy.core.calibration import append, kind_of_machine, settings
from shipworthy.core.files import read_json
from shipworthy.track.cost.noted import document_of, machine_of, new_line
from shipworthy.track.runs.registry import CAMPAIGNS
from shipworthy.track.runs.starts import FILE as STARTS

Bounds = Mapping[str, float]


def note(folder: Path, plan: Artifact, rows: int) -> dict[str, Any]:
    """Notes what a run measured and, as far as the two can be compared, what was estimated; returns the line.

    They can be where the plan is of this task, family and kind of machine. Then the estimate is taken for the run's own
    rows or steps; `told`, what the plan said of this very config, is there only where the config is the plan's. A run
    that shared its machine with other trials says nothing of time.

    Args:
        folder: of the run, finished: with record.json and checkpoint/.
        plan: as it was read when the run began.
        rows: of train, that it was trained on.
    """
    record, document = read_json(folder / "record.json"), document_of(plan)
    config, training = record["config"], read_json(folder / "checkpoint" / "training.json")
    gpus = record["environment"].get("gpus")
    machine = machine_of(record["environment"], _last_start(folder)["gpus"] if gpus is None else gpus)
    line = new_line("trial" if record.get("campaign") else "run", record["run_id"], machine, config, record["code"])
    line["measured"] = _measured(training, read_json(folder / "checkpoint" / "history.json"), gpus="×" in machine)
    if document is None or not _comparable(document, plan, config, machine):
        return _kept(folder.parent, line)
    scales = _scales(document, plan.manifest.config, config, training, rows)
    if _shares_its_machine(folder, record):
        scales = {name: scale for name, scale in scales.items() if name == "memory_mb"}
    raw = (document.get("calibration") or {}).get("estimated", {})
    said = {name: _scaled(_told(document, name), scale) for name, scale in scales.items()}
    line["estimated"] = {
        name: _scaled(raw[name], scale) if name in raw else said[name] for name, scale in scales.items()
    }
    if settings(plan.manifest.config) == line["settings"] and not config.get("sample"):
        line["told"] = said
    line["libraries_mb"] = document["memory_mb"]["parts"].get("libraries", {}).get("value", 0.0)
    return _kept(folder.parent, line)


def _kept(runs: Path, line: dict[str, Any]) -> dict[str, Any]:
    append(runs, line)
    return line


def _comparable(document: Mapping[str, Any], plan: Artifact, config: Mapping[str, Any], machine: str) -> bool:
    """Whether the plan's estimate can be taken for a run of this config.

    A family that fits itself takes about as long with other settings; of networks only the same one does.
    """
    planned = plan.manifest.config
    if machine != _planned_machine(document, plan.manifest.environment) or planned["task"] != config["task"]:
        return False
    if not document.get("steps"):
        return bool(planned["model"].get("kind") == config["model"].get("kind"))
    kinds = [(one["adapter"] or {}).get("kind") for one in (planned, config)]
    return bool(planned["model"] == config["model"] and kinds[0] == kinds[1])


def _scales(
    document: Mapping[str, Any],
    planned: Mapping[str, Any],
    config: Mapping[str, Any],
    training: Mapping[str, Any],
    rows: int,
) -> dict[str, float]:
    """By what each of the plan's estimates is multiplied for the rows or steps that the run made.

    Validations of a part of the rows are left out, and the memory of other micro-batches.
    """
    if not document.get("steps"):
        return {"seconds": rows / document["rows"]["train"], "validation_seconds": 1.0, "memory_mb": 1.0}
    batches = [float(one["trainer"].get("batch_size") or 1) for one in (planned, config)]
    done = training["steps"] / document["steps"]
    found = {"seconds": done * batches[1] / batches[0]}
    if settings(planned) == settings(config) and config.get("validation_share", 1.0) == 1.0:
        found["validation_seconds"] = done
    if planned["trainer"].get("micro_batch_size") == config["trainer"].get("micro_batch_size"):
        found["memory_mb"] = 1.0
    return found


def _shares_its_machine(folder: Path, record: Mapping[str, Any]) -> bool:
    """Whether other workers of its campaign train beside it; a job of Slurm has cores of its own."""
    campaign = record.get("campaign")
    path = folder.parent / CAMPAIGNS / str((campaign or {}).get("name", "")) / "campaign.json"
    if not campaign or not path.is_file() or _last_start(folder).get("job"):
        return False
    return int((read_json(path).get("settings") or {}).get("workers") or 1) > 1


def _planned_machine(document: Mapping[str, Any], environment: Mapping[str, Any]) -> str:
    machine = document["machine"]
    return kind_of_machine(environment["processor"], machine["cores"], machine["gpus"], machine["gpu_name"])


def _last_start(folder: Path) -> Mapping[str, Any]:
    return [line for line in json_lines.read(folder / STARTS) if "began" in line][-1]


def _told(document: Mapping[str, Any], name: str) -> Bounds:
    told: Bounds = document["memory_mb"]["total"] if name == "memory_mb" else document[name]
    return told


def _scaled(bounds: Bounds, factor: float) -> dict[str, float]:
    return {name: factor * bounds[name] for name in ("value", "low", "high")}


def _measured(training: Mapping[str, Any], history: list[dict[str, Any]], *, gpus: bool) -> dict[str, float]:
    """By quantity, as far as the run measured it."""
    found = {"seconds": training.get("seconds"), "memory_mb": training.get("peak_memory_mb")}
    if gpus:
        of_gpu = [entry["gpu_memory_mb"] for entry in history if "gpu_memory_mb" in entry]
        found["memory_mb"] = max(of_gpu, default=None)
    if validations := [entry["validation_s"] for entry in history if "validation_s" in entry]:
        found["validation_seconds"] = sum(validations)
    return {name: float(value) for name, value in found.items() if value is not None}
