"""The sentences and table cells with which reports describe a campaign."""

from collections.abc import Mapping
from statistics import mean, stdev
from typing import Any

from shipworthy.core.commands import command
from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import WORSE
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import title
from shipworthy.track.campaign.facts import Savings, WinnersCurse
from shipworthy.track.campaign.read import FAILED, FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.hpo.schema import METRIC
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.report.formatting import count, seconds
from shipworthy.track.runs.pairs import pairs

STATES = (FINISHED, PRUNED, FAILED, "running", "waiting")
NEXT = 20
"""Trials that are tested against the best one."""


def states(campaign: Campaign) -> str:
    """`40 trials: 22 finished, 16 pruned, 2 failed`."""
    counted = [f"{len(found)} {state}" for state in STATES if (found := campaign.of(state))]
    n = len(campaign.trials)
    return f"{n} trial{'' if n == 1 else 's'}: {', '.join(counted) or 'none was made'}"


def extent(one: Dimension) -> str:
    """`0.0001 to 0.003, on a logarithmic scale`."""
    if one.kind == "categorical":
        return ", ".join(str(value) for value in one.choices)
    words = f"{one.low:g} to {one.high:g}"
    if one.step is not None:
        words += f" in steps of {one.step:g}"
    return words + (", on a logarithmic scale" if one.log else "")


def condition(one: Dimension) -> str:
    """`adapter is lora`; empty where it always has a meaning."""
    return " and ".join(f"{key} is {' or '.join(map(str, values))}" for key, values in one.when.items())


def method(campaign: Campaign) -> str:
    """`tpe, pruned by median, 4 workers`; of an ablation its design, and the recipe's own metric."""
    settings = campaign.settings
    if campaign.kind == "ablate":
        return _design(campaign)
    sampler, pruner = ((settings.get(part) or {}).get("name", "") for part in ("sampler", "pruner"))
    words = [sampler, f"pruned by {pruner}" if pruner and pruner != "none" else "nothing is pruned"]
    workers = int(settings.get("workers") or 1)
    return ", ".join([word for word in words if word] + [f"{workers} worker{'' if workers == 1 else 's'}"])


def _design(campaign: Campaign) -> str:
    recipe, design = campaign.ablation.get("recipe") or [], str(campaign.ablation.get("design", "")).replace("_", " ")
    if not recipe:
        return design
    name = campaign.metric
    deviation = figures.amount(name, stdev(recipe)) if len(recipe) > 1 else ""
    spread = f", standard deviation {deviation} over {len(recipe)} seeds" if deviation else ""
    return f"{design}; the recipe's {title(name)} is {figures.figure(name, mean(recipe))}{spread} (validation)"


def value(found: float) -> str:
    """A parameter's or objective's value: `0.000312`, `16`, `lora`."""
    if isinstance(found, bool) or not isinstance(found, int | float):
        return str(found)
    return f"{found:.4g}" if isinstance(found, float) else str(found)


def measured(trial: Trial, objective: str, campaign: Campaign) -> str:
    """`41.2% [38.0, 44.5]`, `12 min`, `4.9 million`; empty where it has none."""
    if objective not in trial.values:
        return ""
    found = trial.values[objective]
    if known := trial.interval(objective):
        return figures.interval(campaign.metric, known)
    if objective == METRIC:
        return figures.figure(campaign.metric, found)
    if objective == "seconds":
        return seconds(found)
    return f"{found:.4f}" if objective == "val_loss" else count(found)


def saved(savings: Savings) -> str:
    """What pruning spared, in a sentence."""
    spared = savings.planned - savings.done
    ends = f"{seconds(savings.low_s)} to {seconds(savings.high_s)}"
    gpus = f", {savings.gpu_hours:.3g} GPU-hours" if savings.gpus else ", on no GPU"
    return (
        f"{savings.pruned} trial{'s were' if savings.pruned > 1 else ' was'} pruned after {savings.done:,} of "
        f"{savings.planned:,} planned steps: {spared:,} steps spared, {savings.share:.0%} of all. At the finished "
        f"trials' pace (median; quartiles in brackets) that is {seconds(savings.value_s)} [{ends}] of machine "
        f"time{gpus}."
    )


def winners_curse(found: WinnersCurse, campaign: Campaign) -> str:
    """The winner's curse, in a sentence."""
    seen, unseen = (figures.interval(campaign.metric, one) for one in (found.seen, found.unseen))
    return (
        f"On the {found.rows[0]:,} rows that the search chose by, trial {found.number} has {seen}; on "
        f"{found.rows[1]:,} rows that no trial saw, {unseen}. The difference is "
        f"{figures.difference(campaign.metric, found.difference)}, unpaired, for the rows are others: {found.words}."
    )


def near(campaign: Campaign) -> str:
    """How many of the trials next to the best one were not shown to be worse than it (empty: nothing can be tested)."""
    runs = [trial.run for trial in campaign.ranked[: NEXT + 1] if trial.run]
    if campaign.kind != "tune" or campaign.first != METRIC or not runs or campaign.ranked[0].run is None:
        return ""
    claims = [pair.claim for pair in pairs(runs) if pair.claim]
    if not claims:
        return ""
    how = f"paired on the same rows, alpha {claims[0].alpha:g}{', Holm' if len(claims) > 1 else ''}"
    alike = sum(claim.words != WORSE for claim in claims)
    if len(claims) == 1:
        was = "was not shown" if alike else "was shown"
        return f"The next best trial {was} to be worse than the best one ({how})."
    were = {0: "none was not", 1: "1 was not"}.get(alike, f"{alike} were not")
    return f"Of the {len(claims)} next best trials {were} shown to be worse than the best one ({how})."


def commands(campaign: Campaign) -> list[tuple[str, str]]:
    """What to do with the winner: (what it does, the command)."""
    if campaign.kind != "tune":
        return []
    found = str(campaign.winner.get("run_id") or "") or (campaign.ranked[0].run_id if campaign.ranked else "")
    if not found:
        return []
    return [
        (what, command(f"{words} {found}", workspace=campaign.workspace))
        for what, words in (
            ("choose it, for the pipeline and the registry", "runs select"),
            ("run it again and compare", "reproduce"),
            ("all of its costs", "cost"),
        )
    ]


def changed(trial: Trial) -> str:
    """What a trial has of its own: `optimizer.lr=0.0003 adapter=lora`."""
    pairs = [f"{key}={value(found)}" for key, found in trial.params.items()] or trial.overrides
    return " ".join(pairs) or "the recipe as it is"


def contribution(row: Mapping[str, Any], campaign: Campaign) -> tuple[str, str, str, str, str]:
    """A row of ablation.json: name, difference with interval, p, corrected p, what may be said of it."""
    level = row.get("level", 0.95)
    p, holm = (
        figures.probability(row[key], 1 - level).removeprefix("p ").removeprefix("= ") for key in ("p", "p_holm")
    )
    found = Interval(row["difference"], row["low"], row["high"], level)
    return str(row["name"]), figures.difference(campaign.metric, found), p, holm, row["words"]
