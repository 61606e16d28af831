"""Notes what baselines and benchmarks measured, a line each; what their lines and those of runs have in common.

It imports the core alone, so that the stages that note something depend on nothing else of the tracker.
"""

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from shipworthy.core.artifact import MANIFEST, Artifact, read_artifact
from shipworthy.core.calibration import append, kind_of_machine, settings
from shipworthy.core.errors import ArtifactError
from shipworthy.core.files import read_json, sha256_of_file
from shipworthy.core.identity import environment

PLAN = "plan.json"


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
    document = document_of(artifact) if artifact else None
    machine = machine_of(environment(), [])
    here = artifact is not None and document is not None and _planned_cores(document, artifact) == machine
    planned = {one["name"]: one for one in (document or {}).get("baselines", ())} if here else {}
    for record, model in records:
        line = new_line("baseline", f"{run_id}/{record['name']}", machine, {"model": model}, {})
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
    line = new_line("bench", run_id, machine_of(environment(), []), {"model": model}, {})
    line["served"] = {
        "engine": engine,
        "p95_s": bench["single"]["latency_s"]["p95"],
        "requests_per_s": max(one["requests_per_s"] for one in bench["concurrency"]),
        "memory_mb": bench["memory_mb"],
    }
    append(runs, line)


def new_line(
    kind: str, run_id: str, machine: str, config: Mapping[str, Any], code: Mapping[str, Any]
) -> dict[str, Any]:
    """A line of runs/calibration/ in which nothing is measured yet.

    Args:
        kind: run, trial, baseline or bench.
        config: with the group model, and of runs adapter and trainer.
        code: of the record (empty: not kept).
    """
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


def document_of(plan: Artifact) -> dict[str, Any] | None:
    """What the plan says; None where it is not the one any more that the run began with."""
    path = plan.path / PLAN
    known = plan.manifest.files.get(PLAN)
    if known is None or not path.is_file() or sha256_of_file(path) != known["sha256"]:
        return None
    document: dict[str, Any] = read_json(path)
    return document


def machine_of(environment: Mapping[str, Any], gpus: Sequence[str]) -> str:
    """The kind of a machine; GPUs of several kinds are none that a plan knows."""
    return kind_of_machine(environment["processor"], environment["cpus"], len(gpus), ", ".join(sorted(set(gpus))))


def _plan(folder: Path) -> Artifact | None:
    if not (folder / MANIFEST).is_file():
        return None
    try:
        return read_artifact(folder, "plan")
    except ArtifactError:  # a damaged one says nothing
        return None


def _planned_cores(document: Mapping[str, Any], plan: Artifact) -> str:
    """The same without its GPUs, which a baseline does not use."""
    return kind_of_machine(plan.manifest.environment["processor"], document["machine"]["cores"])


def _sum(parts: Any) -> dict[str, float]:
    known = list(parts)
    return {end: sum(part[end] for part in known) for end in ("value", "low", "high")}
