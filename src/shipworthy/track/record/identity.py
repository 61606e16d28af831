"""A run's identity for trackers, from its record: a name that tells what differs, and where it comes from."""

import shlex
import socket
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

import polars as pl

from shipworthy.core.artifact import Artifact
from shipworthy.core.commands import command
from shipworthy.core.files import read_json
from shipworthy.core.project import project_root
from shipworthy.evaluation.metric import title
from shipworthy.models import dataset as datasets
from shipworthy.track.record.groups import NAME_CHARACTERS, NOT_TOLD, campaign_group, key_of, sweep_group
from shipworthy.track.runs import formatting
from shipworthy.track.runs.registry import CAMPAIGNS
from shipworthy.track.trackers.identity import Dataset, Group, Identity, Model

SHORT = 6
"""Characters of a run's id that close its name, by which `shipworthy` takes it too."""
SPLITS = ("train", "validation")
CAMPAIGN = "campaign.json"


def identity(about: Mapping[str, Any], folder: Path, dataset: Artifact) -> Identity:
    """Who a run is.

    Args:
        about: the run's record.
        folder: of the run.
        dataset: that it learns from.
    """
    group = _group(about, folder.parent)
    what = _what(about, folder.parent)
    model = about["name"]
    name = f"{model} {what}".strip() if not about.get("campaign") else f"{group.id if group else ''} {what}".strip()
    return Identity(
        run_id=about["run_id"],
        name=f"{formatting.shortened(name, NAME_CHARACTERS)} · {about['run_id'][:SHORT]}",
        description=_description(about, folder, group),
        config=about["config"],
        tags=_tags(about, dataset),
        datasets=tuple(_rows(dataset, split) for split in SPLITS),
        group=group,
    )


def model(about: Mapping[str, Any], checkpoint: Artifact, metrics: Mapping[str, float]) -> Model:
    """The model that a finished run hands on."""
    files = {name: one["sha256"] for name, one in checkpoint.manifest.files.items()}
    return Model(str(about["name"]), checkpoint.digest, files, _from_root(checkpoint.path), metrics)


def _what(about: Mapping[str, Any], runs: Path) -> str:
    """What tells it from others: a trial's values, or what the command line set; else the recipe."""
    if campaign := about.get("campaign"):
        path = runs / CAMPAIGNS / campaign["name"] / "trials" / f"{campaign['trial']}.json"
        trial = read_json(path) if path.is_file() else {}
        pairs = {key: (None, value) for key, value in (trial.get("params") or {}).items()}
        said = formatting.change(pairs, short=True) or str(trial.get("name", ""))
        return f"#{campaign['trial']} {said}".strip()
    common = (about.get("sweep") or {}).get("common", ())
    told = [text for text in _overrides(about) if key_of(text) not in NOT_TOLD and text not in common]
    return ", ".join(told) or _recipe(about)


def _overrides(about: Mapping[str, Any]) -> list[str]:
    """What the command line set; of a job of a sweep, its own. A file of parameters (`--params`) sets none."""
    if job := about.get("sweep"):
        return list(job["overrides"])
    return [text for text in about.get("arguments") or () if "=" in text and not text.startswith("--")]


def _recipe(about: Mapping[str, Any]) -> str:
    """The experiment's name; where none was named, the task's."""
    named = [text.partition("=")[2] for text in _overrides(about) if key_of(text) == "experiment"]
    return named[-1] if named else str(about["config"]["task"].get("name", ""))


def _description(about: Mapping[str, Any], folder: Path, group: Group | None) -> str:
    """In Markdown, for MLflow's description and W&B's notes."""
    task = about["config"]["task"]
    placed = [text.partition("=")[2] for text in _overrides(about) if key_of(text) == "workspace"]
    show = command(f"runs show {about['run_id'][:SHORT]}", workspace=placed[-1] if placed else "artifacts")
    lines = [
        ("Hypothesis", about["config"].get("note", "")),
        ("Recipe", _recipe(about)),
        ("Task", f"{task.get('name', task['kind'])}, decided by {title(task['metric'])}" if "metric" in task else ""),
        ("Part of", group.name if group else ""),
        ("Command", f"`{_command(about)}`"),
        ("Folder", f"`{_from_root(folder)}`: `{show}` tells all of it"),
    ]
    return "\n\n".join(f"**{name}**: {text}" for name, text in lines if text)


def _command(about: Mapping[str, Any]) -> str:
    return shlex.join(["shipworthy", about["command"], *_overrides(about)])


def _tags(about: Mapping[str, Any], dataset: Artifact) -> dict[str, str]:
    """By which runs are searched."""
    task, campaign, sweep = about["config"]["task"], about.get("campaign") or {}, about.get("sweep") or {}
    tags = {
        "command": about["command"],
        "recipe": _recipe(about),
        "task": task.get("name", ""),
        "metric": task.get("metric", ""),
        "model": about["name"],
        "dataset": dataset.digest[:16],
        "seed": about["config"].get("seed"),
        "git_sha": about["code"]["git_sha"],
        "snapshot": about["code"]["snapshot"],
        "host": socket.gethostname(),
        "slurm_job": (about["slurm"] or {}).get("job"),
        "campaign": campaign.get("name"),
        "trial": campaign.get("trial"),
        "sweep": sweep.get("name"),
        "job": sweep.get("job"),
    }
    return {name: str(value) for name, value in tags.items() if value not in (None, "")}


def _group(about: Mapping[str, Any], runs: Path) -> Group | None:
    """The campaign or sweep that it is part of."""
    if campaign := about.get("campaign"):
        path = runs / CAMPAIGNS / campaign["name"] / CAMPAIGN
        return campaign_group(read_json(path)) if path.is_file() else None
    if sweep := about.get("sweep"):
        return sweep_group(sweep)
    return None


def _rows(dataset: Artifact, split: str) -> Dataset:
    """A split of the dataset, by its files' digests."""
    files = datasets.files(dataset, split)
    names = [str(file.relative_to(dataset.path)) for file in files]
    digests = [dataset.manifest.files[name]["sha256"] for name in names]
    rows = datasets.scan(dataset, split)
    digest = digests[0] if len(digests) == 1 else sha256("".join(digests).encode()).hexdigest()
    return Dataset(
        name=str(dataset.manifest.config.get("data", {}).get("name", dataset.manifest.kind)),
        context=split,
        digest=digest,
        path=_from_root(files[0] if len(files) == 1 else files[0].parent),
        rows=int(rows.select(pl.len()).collect().item()),
        columns={name: _type(kind) for name, kind in rows.collect_schema().items()},
    )


def _type(kind: Any) -> str:
    """A column's type in a word."""
    if inner := getattr(kind, "inner", None):
        return f"list[{_type(inner)}]"
    if kind.is_integer():
        return "int"
    return "float" if kind.is_float() else "bool" if str(kind) == "Boolean" else "string"


def _from_root(path: Path) -> str:
    """Relative to the project's root, where it is in it."""
    root = project_root()
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
