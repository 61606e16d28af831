"""What runs and campaigns cost, what each point of the metric cost, and what the plan had said."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shipworthy.architect.compute.machine import of_the_list
from shipworthy.architect.estimate import scale
from shipworthy.core import choices, json_output, words
from shipworthy.core.calibration import read
from shipworthy.core.errors import UsageError
from shipworthy.core.files import write_json
from shipworthy.core.progress import say, track
from shipworthy.core.records import beginning
from shipworthy.track.cost import report, table
from shipworthy.track.cost.cost import Cost, Price, of_run
from shipworthy.track.cost.groups import groups
from shipworthy.track.runs.project_paths import project_paths
from shipworthy.track.runs.registry import Damaged, Run, pick, read_all

USAGE = """\
shipworthy cost [RUN|CAMPAIGN…] [compute=NAME] [against=NAME] [project=SIZE] [json=FILE] [workspace=artifacts] [--json]

RUN, CAMPAIGN  ids, or the beginnings of some (none: all runs)
compute        another machine's price, of conf/compute
against        the baseline that a gain is counted from (else: the best one)
project        another size, from what the run took: 'data=10x model=360m'
json           a file for the same figures
workspace      the folder of artifacts beside whose runs/ they stand
"""


@dataclass(frozen=True)
class Asked:
    """What the command line asks for.

    Attributes:
        names: runs and campaigns (none: all).
        price: of another machine, by `compute=`.
        against: the baseline that a gain is counted from (empty: the best).
        size: what to project to, by `project=`.
        json: the file that the report is written to as well.
        workspace: beside which the runs stand.
    """

    names: list[str]
    price: Price | None
    against: str
    size: scale.Size | None
    json: Path | None
    workspace: str


def run(arguments: Sequence[str]) -> None:
    """Says it, in words or, with `--json`, as a document."""
    with json_output.one_document(json_output.FLAG in arguments) as document:
        document(_costs(arguments))


def _costs(arguments: Sequence[str]) -> dict[str, Any]:
    """Prints the costs of the runs and campaigns that are named, or of all.

    Raises:
        UsageError: there is no such run, campaign, machine or baseline.
    """
    asked = _asked(arguments)
    folder = project_paths(asked.workspace).runs
    everyone, damaged = read_all(folder)
    for one in damaged:
        say(f"{one.id} is left out: {one.said}")
    wanted, alone, campaigns = _wanted(asked.names, everyone, damaged)
    costs = [(one, of_run(one, asked.price)) for one in track(wanted, "adding up", len(wanted))]
    # Of an experiment, part of its runs would say little.
    made = [group for group in groups(costs, asked.price) if not asked.names or group.name in campaigns]
    notes = {line["run_id"]: line for line in read(folder)}
    facts = {one.id: _show(one, cost, asked, notes.get(one.id)) for one, cost in costs if one.id in alone}
    if len(costs) > 1 or not alone:
        say(report.tables(costs, made))
    for group in made:
        if len(group.runs) > 1:
            found = report.of_group(group, price=asked.price, against=asked.against)
            say("\n".join(["", f"{group.kind} {group.name}", *table.aligned(found)]))
    values = report.values(costs, facts, made)
    if asked.json:
        write_json(asked.json, values)
        say(f"written: {asked.json}")
    return values


def _asked(arguments: Sequence[str]) -> Asked:
    asked = words.read(USAGE, arguments)
    if asked["project"] and not asked.names:
        raise UsageError("project= needs the run to project from: name it.")
    machine = of_the_list(asked["compute"], choices.of("compute")) if asked["compute"] else None
    return Asked(
        asked.names,
        Price(machine.name, machine.price_per_hour, machine.currency) if machine else None,
        asked["against"],
        scale.parse(asked["project"]) if asked["project"] else None,
        Path(asked["json"]) if asked["json"] else None,
        asked["workspace"],
    )


def _wanted(
    names: Sequence[str], everyone: list[Run], damaged: Sequence[Damaged]
) -> tuple[list[Run], set[str], set[str]]:
    """The runs to add up, the ids of those that were named themselves, and the campaigns that were named."""
    if not names:
        if not everyone:
            raise UsageError("no run was made here yet: a training makes one.")
        return everyone, set(), set()
    known = {one.campaign for one in everyone if one.campaign}
    named = {name: beginning(name, known, "campaign") for name in names if any(one.startswith(name) for one in known)}
    campaigns = {*named.values()}
    alone = {pick([*everyone, *damaged], name).id for name in names if name not in named}
    return [one for one in everyone if one.campaign in campaigns or one.id in alone], alone, campaigns


def _show(one: Run, cost: Cost, asked: Asked, note: Mapping[str, Any] | None) -> dict[str, Any]:
    """Prints what is known of a run, and returns it."""
    lines, facts = report.of_run(one, cost, price=asked.price, against=asked.against, note=note)
    if asked.size:
        facts["projection"] = _projection(one, cost, asked.size, note)
        per_hour = report.per_hour(one, asked.price) or 0.0
        lines.append(("at", table.projection(facts["projection"], per_hour, next(iter(cost.money), ""))))
    say("\n".join([f"run {one.id} ({one.name}): {one.status}", *table.aligned(lines), ""]))
    return facts


def _projection(one: Run, cost: Cost, size: scale.Size, note: Mapping[str, Any] | None) -> dict[str, Any]:
    """Another size by the planner's formula, from what this run took; nothing is done again there."""
    model = size.model(one.training.get("parameters"))
    times = scale.time(size.data, model).scaled(cost.seconds - cost.again.value)
    peak = one.training.get("peak_memory_mb")
    memory = scale.memory_mb(peak, (note or {}).get("libraries_mb", 0.0), model) if peak else None
    found = {"seconds": asdict(times), "memory_mb": asdict(memory) if memory else None}
    return {"data": size.data, "model": model, **found}
