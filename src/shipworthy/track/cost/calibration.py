"""What runs, baselines and benchmarks measured, beside what was estimated: a line each, which the next plan reads."""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.artifact import MANIFEST, Artifact, read_artifact
from shipworthy.core.calibration import append, kind_of_machine, settings
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, sha256_of_file
from shipworthy.core.identity import environment
from shipworthy.track.runs.registry import CAMPAIGNS
from shipworthy.track.runs.starts import FILE as STARTS

PLAN = "plan.json"
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
    record, document = read_json(folder / "record.json"), _document(plan)
    config, training = record["config"], read_json(folder / "checkpoint" / "training.json")
    machine = _machine(record["environment"], _last_start(folder))
    line = _line("trial" if record.get("campaign") else "run", record["run_id"], machine, config, record["code"])
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


def note_baselines(
    runs: Path, run_id: str, records: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]], plan: Path
) -> None:
    """Notes the time and memory of each baseline's fit beside the plan's estimate of its memory.

    Args:
        runs: the folder of the runs.
        records: of each baseline: what baseline.json says, and its model's config.
        plan: the folder of the plan; there may be none.
    """
    artifact = _plan(plan)
    document = _document(artifact) if artifact else None
    machine = _machine(environment(), {"gpus": []})
    here = artifact is not None and document is not None and _planned_cores(document, artifact) == machine
    planned = {one["name"]: one for one in (document or {}).get("baselines", ())} if here else {}
    for record, model in records:
        line = _line("baseline", f"{run_id}/{record['name']}", machine, {"model": model}, {})
        line["measured"] = {"seconds": record["seconds"], "memory_mb": record["peak_memory_mb"]}
        if (known := planned.get(record["name"])) and known["parts"]:
            line["estimated"] = {"memory_mb": _sum(known["parts"].values())}
            line["told"] = {"memory_mb": known["total"]}
        append(runs, line)


def note_bench(runs: Path, run_id: str, model: Mapping[str, Any], engine: str, bench: Mapping[str, Any]) -> None:
    """Notes how fast and how large a model was when it was served.

    Args:
        model: its config.
        bench: the content of bench.json.
    """
    line = _line("bench", run_id, _machine(environment(), {"gpus": []}), {"model": model}, {})
    line["served"] = {
        "engine": engine,
        "p95_s": bench["single"]["latency_s"]["p95"],
        "requests_per_s": max(one["requests_per_s"] for one in bench["concurrency"]),
        "memory_mb": bench["memory_mb"],
    }
    append(runs, line)


def _line(kind: str, run_id: str, machine: str, config: Mapping[str, Any], code: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "kind": kind,
        "run_id": run_id,
        "time": time.time(),
        "machine": machine,
        "family": str(config["model"].get("kind", "")),
        "settings": settings(config),
        "told": {},
        "estimated": {},
        "measured": {},
        "code": {name: code.get(name, "") for name in ("git_sha", "source")},
    }


def _kept(runs: Path, line: dict[str, Any]) -> dict[str, Any]:
    append(runs, line)
    return line


def _plan(folder: Path) -> Artifact | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return read_artifact(folder, "plan")
    except ArtifactError:  # a damaged one says nothing
        return None


def _document(plan: Artifact) -> dict[str, Any] | None:
    """What the plan says; None where it is not the one any more that the run began with."""
    path = plan.path / PLAN
    known = plan.manifest.files.get(PLAN)
    if known is None or not path.is_file() or sha256_of_file(path) != known["sha256"]:
        return None
    document: dict[str, Any] = read_json(path)
    return document


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


def _planned_cores(document: Mapping[str, Any], plan: Artifact) -> str:
    """The same without its GPUs, which a baseline does not use."""
    return kind_of_machine(plan.manifest.environment["processor"], document["machine"]["cores"])


def _machine(environment: Mapping[str, Any], start: Mapping[str, Any]) -> str:
    """Of a run; GPUs of several kinds are none that a plan knows."""
    gpus = environment["gpus"] if environment.get("gpus") is not None else start["gpus"]
    return kind_of_machine(environment["processor"], environment["cpus"], len(gpus), ", ".join(sorted(set(gpus))))


def _last_start(folder: Path) -> Mapping[str, Any]:
    return [line for line in json_lines.read(folder / STARTS) if "began" in line][-1]


def _told(document: Mapping[str, Any], name: str) -> Bounds:
    told: Bounds = document["memory_mb"]["total"] if name == "memory_mb" else document[name]
    return told


def _scaled(bounds: Bounds, factor: float) -> dict[str, float]:
    return {name: factor * bounds[name] for name in ("value", "low", "high")}


def _sum(parts: Any) -> dict[str, float]:
    known = list(parts)
    return {end: sum(part[end] for part in known) for end in ("value", "low", "high")}


def _measured(training: Mapping[str, Any], history: list[dict[str, Any]], *, gpus: bool) -> dict[str, float]:
    """By quantity, as far as the run measured it."""
    found = {"seconds": training.get("seconds"), "memory_mb": training.get("peak_memory_mb")}
    if gpus:
        of_gpu = [entry["gpu_memory_mb"] for entry in history if "gpu_memory_mb" in entry]
        found["memory_mb"] = max(of_gpu, default=None)
    if validations := [entry["validation_s"] for entry in history if "validation_s" in entry]:
        found["validation_seconds"] = sum(validations)
    return {name: float(value) for name, value in found.items() if value is not None}
