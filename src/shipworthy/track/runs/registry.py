"""The runs of a project, each read from its folder `runs/<run id>/` into a small value; imports nothing heavy."""

import difflib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from shipworthy.core import json_lines
from shipworthy.core.commands import beside, command
from shipworthy.core.errors import UsageError
from shipworthy.core.files import read_json
from shipworthy.track.cost import spans
from shipworthy.track.cost.run_intervals import RunInterval, run_intervals, samples
from shipworthy.track.cost.spans import Span
from shipworthy.track.runs import notes as noted
from shipworthy.track.runs import starts as begun
from shipworthy.track.runs.starts import Start
from shipworthy.track.trackers.flat import flat

RECORD, CHECKPOINT, CAMPAIGNS, SELECTIONS = "record.json", "checkpoint", "campaigns", "selections.jsonl"
NO_CHANGE = ("note",)
"""Keys of a config that say nothing about what was done."""

Change = Mapping[str, tuple[Any, Any]]
"""Dotted key → before, after."""


@dataclass(frozen=True)
class Damaged:
    """The folder of a run that can't be read, and why."""

    id: str
    folder: Path
    said: str


@dataclass(frozen=True)
class Run:
    """One run.

    Attributes:
        record: its record.json.
        training: its checkpoint's training.json (empty until it has finished).
        starts: each time that it was begun.
        status: one of starts.STATUSES.
        spans: when it ran, start by start, on which machine and at which price.
        notes: hypothesis, change, result, lesson, as far as someone wrote them.
        trial: its campaign's note of it (empty: it belongs to none).
        tags: aliases that were given to it when it was selected.
        derived: what it changed of the recipe that it was launched from, or, in a campaign, what the trial varied of
            the campaign's; where the recipe was not noted, how its config differs from that of the run before.
    """

    id: str
    folder: Path
    record: Mapping[str, Any]
    training: Mapping[str, Any]
    starts: Sequence[Start]
    status: str
    spans: tuple[Span, ...]
    notes: Mapping[str, str]
    trial: Mapping[str, Any] = field(default_factory=dict)
    tags: tuple[str, ...] = ()
    derived: Change = field(default_factory=dict)

    @cached_property
    def config(self) -> dict[str, Any]:
        """The resolved config by dotted keys."""
        return flat(self.record["config"])

    @property
    def name(self) -> str:
        """Of its model, or its model's kind."""
        return str(self.record.get("name", ""))

    @property
    def recipe(self) -> str:
        """The experiment that it was launched from (empty: none, or it was not noted)."""
        return str((self.record.get("recipe") or {}).get("name", ""))

    @property
    def changes(self) -> Change | None:
        """What it changed of that; None where it was not noted."""
        found = (self.record.get("recipe") or {}).get("changes")
        return None if found is None else {key: (before, after) for key, (before, after) in found.items()}

    @property
    def began(self) -> float:
        """When it was first begun (seconds since the epoch)."""
        return float(self.record["began"])

    @property
    def metric(self) -> str:
        """The name of the deciding metric."""
        return str(self.training.get("metric", ""))

    @property
    def more_is_better(self) -> bool:
        """The metric's direction; of runs from before metrics had one, more is."""
        return bool(self.training.get("greater_is_better", True))

    @property
    def value(self) -> float | None:
        """The metric of the model that it handed on, on validation; None until it has finished."""
        found = self.training.get("selected_metric")
        return None if found is None else float(found)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% interval of `value`; None where it was not noted."""
        found = self.training.get("selected_interval")
        return (float(found["low"]), float(found["high"])) if found else None

    @property
    def steps(self) -> int | None:
        """Optimizer steps done; None where it makes none, or has saved none yet."""
        if "steps" in self.training:
            return int(self.training["steps"])
        saved = [int(path.name.removeprefix("step-")) for path in self.folder.glob("step-*")]
        return max([*saved, *(start.step for start in self.starts if start.step is not None)], default=None)

    @property
    def seconds(self) -> float:
        """That all its starts took."""
        return sum(span.seconds for span in self.spans)

    @property
    def money(self) -> dict[str, float]:
        """Currency → amount, of all its starts; as cost.of_run counts it."""
        return spans.money(self.spans)

    @property
    def cost(self) -> float:
        """What it cost in `currency`."""
        return self.money.get(self.currency, 0.0)

    @property
    def currency(self) -> str:
        """Of `cost`: that of its last start."""
        return self.starts[-1].currency if self.starts else ""

    @property
    def campaign(self) -> str:
        """The campaign that it was made for (empty: none)."""
        return str((self.record.get("campaign") or {}).get("name", ""))

    @property
    def number(self) -> int | None:
        """Its trial's number in the campaign."""
        found = (self.record.get("campaign") or {}).get("trial")
        return None if found is None else int(found)

    @property
    def said(self) -> str:
        """The sentence with which its last start ended (empty: it had none to say)."""
        return self.starts[-1].said if self.starts else ""


def read_all(runs: Path) -> tuple[list[Run], list[Damaged]]:
    """All runs in the folder, the newest first, and those that can't be read."""
    found: list[Run] = []
    damaged: list[Damaged] = []
    marks = tags(runs)
    for folder in folders(runs):
        one = read(folder)
        if isinstance(one, Damaged):
            damaged.append(one)
        else:
            found.append(replace(one, tags=tuple(marks[one.id])))
    return _with_changes(sorted(found, key=lambda run: (-run.began, run.id))), damaged


def folders(runs: Path) -> list[Path]:
    """The folders of runs; what else stands beside them has no record."""
    return sorted(path.parent for path in runs.glob(f"*/{RECORD}")) if runs.is_dir() else []


def read(folder: Path) -> Run | Damaged:
    """The run in a folder that holds a record."""
    reading = RECORD
    try:
        record = read_json(folder / RECORD)
        float(record["began"]), record["config"].items()  # what nothing can be said without
        reading = begun.FILE
        starts = begun.read(folder)
        reading = noted.OLD_FILE  # of the new one a damaged line is left out
        notes = noted.read(folder)
        reading = f"{CHECKPOINT}/training.json"
        done = (folder / CHECKPOINT / "manifest.json").is_file()
        training = read_json(folder / reading) if done else {}
        reading = "its campaign's trial"
        trial = _trial(folder.parent, record.get("campaign"))
        reading = begun.SAMPLES
        ran = _ran(folder, starts)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        what = f"has no {error}" if isinstance(error, KeyError) else str(error)
        return Damaged(folder.name, folder, f"{reading} cannot be read ({what})")
    standing = begun.status(folder, starts, done)
    times = tuple(interval.span for interval in ran)
    return Run(folder.name, folder, record, training, starts, standing, times, notes, trial)


def find_whole(folder: Path) -> Run | None:
    """The run in a folder; None where there is none, or it can't be read."""
    found = read(folder) if (folder / RECORD).is_file() else None
    return found if isinstance(found, Run) else None


def _ran(folder: Path, starts: Sequence[Start]) -> list[RunInterval]:
    said = all(start.ended is not None for start in starts)
    return run_intervals(folder, starts, [] if said else samples(folder))


def _trial(runs: Path, campaign: Mapping[str, Any] | None) -> dict[str, Any]:
    path = runs / CAMPAIGNS / str(campaign["name"]) / "trials" / f"{campaign['trial']}.json" if campaign else None
    found: dict[str, Any] = read_json(path) if path and path.is_file() else {}
    return found


def tags(runs: Path) -> defaultdict[str, list[str]]:
    """Run id → the aliases that it holds: the last one who was given an alias has it."""
    path = runs / SELECTIONS
    noted = (line for line in json_lines.read(path) if line.get("alias") and {"name", "run_id"} <= line.keys())
    holders = {(line["name"], line["alias"]): line["run_id"] for line in noted}
    found: defaultdict[str, list[str]] = defaultdict(list)
    for (_, alias), run_id in holders.items():
        found[run_id].append(alias)
    return found


def _with_changes(newest_first: Sequence[Run]) -> list[Run]:
    """The same runs, each with what it changed."""
    before: dict[tuple[str, str], Run] = {}
    changed = []
    for run in reversed(newest_first):
        earlier = before.get((run.name, run.campaign))
        before[run.name, run.campaign] = run
        changed.append(replace(run, derived=_derived(run, earlier)))
    return changed[::-1]


def _derived(run: Run, earlier: Run | None) -> Change:
    changes = run.changes
    if params := run.trial.get("params"):
        # What has the recipe's own value is no change; a group is known by its choice, which the config does not hold.
        varied = {key: value for key, value in params.items() if not changes or key in changes or key not in run.config}
        return {key: ((changes or {}).get(key, (None,))[0], value) for key, value in varied.items()}
    if changes is not None:
        return changes
    return differences(earlier, run) if earlier else {}


def differences(one: Run, other: Run) -> dict[str, tuple[Any, Any]]:
    """The keys on which two configs differ, with both values (None: it has no such key)."""
    keys = sorted({*one.config, *other.config} - {*NO_CHANGE})
    pairs = {key: (one.config.get(key), other.config.get(key)) for key in keys}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}


def find(runs: Path, asked: str) -> Run:
    """The run that a user names: by its id, the beginning of one, or its folder.

    Raises:
        UsageError: there is none, or more than one, or it can't be read.
    """
    if "/" in asked and (Path(asked) / RECORD).is_file():
        return pick([read(Path(asked).resolve())], Path(asked).resolve().name)
    found, damaged = read_all(runs)
    return pick([*found, *damaged], asked)


def pick(among: Sequence[Run | Damaged], asked: str) -> Run:
    """The one whose id is, or begins with, what was asked.

    Args:
        among: the newest first.

    Raises:
        UsageError: there is none, or more than one, or it can't be read.
    """
    matching = [one for one in among if asked and one.id.startswith(asked)]
    exact = [one for one in matching if one.id == asked]
    if len(matching) > 1 and not exact:
        raise UsageError(f"{len(matching)} runs begin with '{asked}': {', '.join(one.id for one in matching[:5])}.")
    if not matching:
        raise UsageError(f"there is no run '{asked}': {_instead(among, asked)}")
    one = (exact or matching)[0]
    if isinstance(one, Damaged):
        raise UsageError(f"run {one.id} is damaged: {one.said}; look into {one.folder}.")
    return one


def _instead(everyone: Sequence[Run | Damaged], wanted: str) -> str:
    ids = [one.id for one in everyone]
    if close := difflib.get_close_matches(wanted, ids, n=1, cutoff=0.5):
        return f"did you mean {close[0]}?"
    if not everyone:
        return "none was made here yet."
    return f"the newest one is {ids[0]}; `{command('runs', workspace=beside(everyone[0].folder.parent))}` lists them."
