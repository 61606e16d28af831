"""A campaign in a few lines of text."""

from collections.abc import Mapping
from typing import Any

from shipworthy.track.ablation import section as ablation
from shipworthy.track.campaign import descriptions, facts
from shipworthy.track.campaign.findings import Findings
from shipworthy.track.campaign.plots import name
from shipworthy.track.campaign.read import FAILED, Campaign
from shipworthy.track.campaign.savings import savings

WIDTH = 110
TOP = 5
MOST_FAILURES = 5


def summary(campaign: Campaign, findings: Findings) -> str:
    """At most `WIDTH` columns but for commands and sentences; the best trials, what was spent, and the decision."""
    lines = [f"{campaign.kind} {campaign.name}: {descriptions.states(campaign)}", descriptions.method(campaign), ""]
    lines += ablation.lines(campaign.ablation) if campaign.ablation else _best(campaign)
    if near := descriptions.near(campaign):
        lines.append(near)
    lines += findings.sentences
    if found := facts.winners_curse(campaign):
        lines.append(descriptions.winners_curse(found, campaign))
    if saved := savings(campaign):
        lines.append(saved.words)
    lines += _failures(campaign)
    spent = [
        f"{what} {value}{f' of {allowed}' if allowed else ''}" for what, value, allowed, _ in facts.budget(campaign)
    ]
    lines.append(f"spent: {', '.join(spent)}")
    if decided := findings.decision:
        lines += ["", f"{decided.words.upper()}: {decided.why}"]
        lines += [f"{what}: {command}" for what, command in decided.steps]
    lines += _decided(campaign.ablation) if campaign.ablation else []
    return "\n".join(lines) + "\n"


def _best(campaign: Campaign) -> list[str]:
    if not campaign.ranked:
        return ["No trial finished, so there is no best one."]
    rows = [["trial", *(name(one, campaign) for one in campaign.objectives), "values"]]
    for trial in campaign.ranked[:TOP]:
        found = (descriptions.measured(trial, one, campaign) for one in campaign.objectives)
        rows.append([str(trial.number), *found, descriptions.changed(trial)])
    return [*_aligned(rows), ""]


def _decided(found: Mapping[str, Any]) -> list[str]:
    said = [f"{one['name']}: {one['sentence']}" for one in found["decisions"]]
    told = [f"{one['what']}: {one['command']}" for one in found["commands"]]
    return ["", *_aligned(ablation.table(found)), "", *said, *told]


def _failures(campaign: Campaign) -> list[str]:
    failed = campaign.of(FAILED)
    lines = [f"trial {trial.number} failed: {trial.said or 'nothing was said'}" for trial in failed[:MOST_FAILURES]]
    more = len(failed) - MOST_FAILURES
    return [*lines, f"and {more} more failed"] if more > 0 else lines


def _aligned(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows)
    return [line if len(line) <= WIDTH else line[: WIDTH - 1] + "…" for line in lines]
