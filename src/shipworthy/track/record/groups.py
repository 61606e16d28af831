"""What a tracker is told of a campaign or a sweep: its name, what it is, and what a run of it reached."""

import shlex
from collections.abc import Mapping
from typing import Any

from shipworthy.track.runs import formatting
from shipworthy.track.runs.registry import CAMPAIGNS
from shipworthy.track.trackers.identity import Group

NAME_CHARACTERS = 120
NOT_TOLD = ("experiment", "workspace", "note", "tracker", "compute", "resume", "preflight")
"""Keys of overrides that say nothing about what the run is, or are told elsewhere."""


def campaign_group(record: Mapping[str, Any]) -> Group:
    """A campaign, by its campaign.json."""
    number, overrides = record["settings"]["budget"]["trials"], record["overrides"]
    what = "the recipe with and without its decisions" if record["kind"] == "ablate" else "a search for better values"
    named = next((text.partition("=")[2] for text in overrides if key_of(text) == "experiment"), "")
    name = f"{record['name']} {named}".strip()
    command = shlex.join(["shipworthy", record["kind"], *overrides])
    said = f"**Campaign**: {what}, {number} trials\n\n**Command**: `{command}`\n\n**Folder**: `runs/{CAMPAIGNS}/"
    return Group(record["name"], record["kind"], name, f"{said}{record['name']}`")


def sweep_group(sweep: Mapping[str, Any]) -> Group:
    """A sweep, as its jobs' records name it."""
    return Group(
        sweep["name"],
        "sweep",
        formatting.shortened(f"sweep {sweep['varied']} {sweep['name'].rpartition('-')[2]}", NAME_CHARACTERS),
        f"**Command**: `{sweep['command']}`",
    )


def measured(training: Mapping[str, Any]) -> dict[str, float]:
    """The deciding metric on validation, with its 95% interval, by the names that trackers show."""
    if training.get("selected_metric") is None:
        return {}
    name = f"validation/{training['metric']}"
    found = {name: float(training["selected_metric"])}
    if interval := training.get("selected_interval"):
        found |= {f"{name}_low": float(interval["low"]), f"{name}_high": float(interval["high"])}
    return found


def key_of(override: str) -> str:
    """`tracker` of `tracker.uri=…`, of `tracker=mlflow` and of `override /tracker=…`."""
    return override.lstrip("+~").partition("=")[0].partition(".")[0].lstrip("/")
