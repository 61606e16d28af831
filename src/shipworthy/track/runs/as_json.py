"""Runs as JSON documents, for programs: the fields are those of docs/runs.md, and stay what they are."""

from collections.abc import Sequence
from typing import Any

from shipworthy.track.runs import ground
from shipworthy.track.runs.registry import Damaged, Run


def run(one: Run) -> dict[str, Any]:
    """A run: numbers as they are (seconds, epoch seconds, the metric in its unit), None for what it does not have."""
    low, high = one.interval or (None, None)
    return {
        "id": one.id,
        "name": one.name,
        "folder": str(one.folder),
        "status": one.status,
        "said": one.said,
        "began": one.began,
        "seconds": one.seconds,
        "steps": one.steps,
        "metric": one.metric or None,
        "value": one.value,
        "low": low,
        "high": high,
        "rows": ground.rows(one) or None,
        "cost": one.cost,
        "currency": one.currency,
        "recipe": one.recipe or None,
        "changes": {key: {"before": before, "after": after} for key, (before, after) in one.derived.items()},
        "campaign": one.campaign or None,
        "trial": one.number,
        "tags": list(one.tags),
        "notes": dict(one.notes),
    }


def listed(shown: Sequence[Run], damaged: Sequence[Damaged]) -> dict[str, Any]:
    """A list of runs; `ranked_together` has the ids of each group that may be ranked, the largest first."""
    return {
        "runs": [run(one) for one in shown],
        "ranked_together": [
            {"metric": one.ground.metric, "rows": one.ground.rows, "runs": [member.id for member in one.runs]}
            for one in ground.groups(shown)
        ],
        "damaged": [{"id": one.id, "folder": str(one.folder), "said": one.said} for one in damaged],
    }


def shown(one: Run) -> dict[str, Any]:
    """A run with all that its record holds: config, inputs, code, environment, starts, and the training's result."""
    kept = ("config", "inputs", "seeds", "code", "environment", "command_line")
    return {
        **run(one),
        **{key: one.record.get(key) for key in kept},
        "starts": [vars(start) for start in one.starts],
        "training": dict(one.training),
    }
