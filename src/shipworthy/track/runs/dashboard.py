"""All runs on one page that needs no server: a table, a scatter and curves, drawn by the browser from what is in it."""

import os
import re
import time
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

from shipworthy.core.artifact import MANIFEST
from shipworthy.core.commands import command
from shipworthy.core.files import read_json, write_text
from shipworthy.core.progress import track
from shipworthy.evaluation.metric import title
from shipworthy.track.cost import spans
from shipworthy.track.quantities import amounts
from shipworthy.track.runs import curves, formatting, notes
from shipworthy.track.runs.ground import groups, rows
from shipworthy.track.runs.listing import told
from shipworthy.track.runs.page import page
from shipworthy.track.runs.project_paths import ProjectPaths
from shipworthy.track.runs.registry import CAMPAIGNS, Damaged, Run, read_all
from shipworthy.track.runs.table import changed, unchanged

FILE = "dashboard.html"


def write(here: ProjectPaths, folder: Path) -> Path:
    """Writes the page of all runs into `folder`; returns its path."""
    runs, damaged = read_all(here.runs)
    text = page("dashboard", title="Runs", data=content(runs, damaged, here, folder))
    write_text(folder / FILE, text)
    return folder / FILE


def content(runs: Sequence[Run], damaged: Sequence[Damaged], here: ProjectPaths, folder: Path) -> dict[str, Any]:
    """What the page draws.

    Args:
        folder: where the page will stand; its links count from there.
    """
    same = _same([run.config for run in runs])
    report = _report(here)
    together = [span for run in runs for span in run.spans]
    apart = groups(runs)
    place = {run.id: number for number, group in enumerate(apart) for run in group.runs}
    drawn = track(runs, "runs drawn", len(runs))
    return {
        "made": time.time(),
        "total": {"took": formatting.took(spans.machine_s(together)), "money": amounts(spans.money(together))},
        "command": command("runs dashboard", workspace=here.artifacts),
        "changed": changed(runs),
        "titles": {run.metric: title(run.metric) for run in runs if run.metric},
        "grounds": [{"words": one.ground.words + told(one, apart), "runs": len(one.runs)} for one in apart],
        "common": {key: formatting.plain(value) for key, value in same.items()},
        "runs": [{**_run(run, same, here, folder, report), "ground": place.get(run.id)} for run in drawn],
        "damaged": [{"id": one.id, "said": one.said} for one in damaged],
    }


def _same(configs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What all configs have in common."""
    first = configs[0] if configs else {}
    return {key: value for key, value in first.items() if all(one.get(key) == value for one in configs)}


def _run(run: Run, same: Mapping[str, Any], here: ProjectPaths, folder: Path, report: str) -> dict[str, Any]:
    low, high = run.interval or (None, None)
    return {
        "id": run.id,
        "name": run.name,
        "status": run.status,
        "said": run.said,
        "began": run.began,
        "seconds": round(run.seconds, 1),
        "took": formatting.took(run.seconds),
        "steps": run.steps,
        "metric": run.metric,
        "value": run.value,
        "more_is_better": run.more_is_better,
        "low": low,
        "high": high,
        "rows": rows(run) or None,
        "cost": run.cost,
        "currency": run.currency,
        "recipe": run.recipe,
        "money": amounts(run.money),
        "campaign": run.campaign,
        "trial": run.number,
        "tags": run.tags,
        "notes": run.notes,
        "history": [notes.described(one) for one in notes.history(run.folder)],
        "change": formatting.change(run.derived),
        "unchanged": unchanged(run),
        "config": {key: _drawable(value) for key, value in run.config.items() if key not in same},
        "events": [_event(event) for event in run.training.get("events", [])],
        "links": _links(run, here, folder, report),
        "curves": _drawn(run),
    }


def _drawable(value: Any) -> Any:
    """Numbers as numbers, for they can be drawn; everything else in words."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else formatting.plain(value)


def _event(event: Mapping[str, Any]) -> str:
    return f"step {event.get('step', '?')}, {event.get('detector', '')}: {event.get('sentence', '')}"


def _drawn(run: Run) -> dict[str, Any]:
    found = curves.curves(curves.history(run.folder))
    return {
        name: {"steps": list(curve.steps), "values": [float(f"{value:.4g}") for value in curve.values]}
        for name, curve in found.items()
    }


def _links(run: Run, here: ProjectPaths, folder: Path, report: str) -> dict[str, str]:
    """What there is to look at: name → address, relative to the page."""
    checkpoint = run.folder / "checkpoint"
    campaign = here.runs / CAMPAIGNS / run.campaign / "report.html"
    paths = {
        "folder": run.folder,
        "checkpoint": checkpoint if checkpoint.is_dir() else None,
        "campaign": campaign if run.campaign and campaign.is_file() else None,
        "report": here.artifacts / "report" / "report.html" if report == run.id else None,
    }
    found = {name: address(path, folder) for name, path in paths.items() if path and name != "checkpoint"}
    if paths["checkpoint"]:
        found["checkpoint"] = f"{found['folder']}/checkpoint"
    if server := _server(run.record["config"].get("tracker") or {}):
        found["MLflow"] = server
    return found


def address(path: Path, folder: Path) -> str:
    """The address of a file on a page that is in `folder`."""
    return quote(Path(os.path.relpath(_resolved(path.parent) / path.name, _resolved(folder))).as_posix())


@cache
def _resolved(folder: Path) -> Path:
    return folder.resolve()


def _server(tracker: Mapping[str, Any]) -> str:
    """The tracker's page, without a login that may stand before its host; empty where it has none."""
    found = re.match(r"(https?://)(?:[^/@]*@)?([^?#]+)", str(tracker.get("uri", "")))
    return "".join(found.groups()) if found and tracker.get("kind") == "mlflow" else ""


def _report(here: ProjectPaths) -> str:
    """The run that the pipeline's report is about (empty: there is no report)."""
    manifests = [here.artifacts / kind / MANIFEST for kind in ("report", "checkpoint")]
    if not all(path.is_file() for path in manifests):
        return ""
    return str(read_json(manifests[1])["run_id"])
