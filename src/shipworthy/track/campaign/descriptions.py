"""The sentences and table cells with which reports describe a campaign."""

from collections.abc import Mapping
from statistics import mean, stdev
from typing import Any

from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.scores import metric_name
from shipworthy.track.campaign.facts import Savings, WinnersCurse
from shipworthy.track.campaign.read import FAILED, FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.report.formatting import count, figure, interval, points, seconds

STATES = (FINISHED, PRUNED, FAILED, "running", "waiting")


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
    spread = f", standard deviation {100 * stdev(recipe):.1f} over {len(recipe)} seeds" if len(recipe) > 1 else ""
    return f"{design}; the recipe's {metric_name(campaign.metric)} is {100 * mean(recipe):.1f}%{spread} (validation)"


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
        return share(known, campaign)
    if objective == "metric":
        return figure(campaign.metric, found)
    if objective == "seconds":
        return seconds(found)
    return f"{found:.4f}" if objective == "val_loss" else count(found)


def share(found: Interval, campaign: Campaign) -> str:
    """`41.2% [38.0, 44.5]`."""
    return interval(campaign.metric, found)


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
    d = found.difference
    return (
        f"On the {found.rows[0]:,} rows that the search chose by, trial {found.number} has "
        f"{share(found.seen, campaign)}; on {found.rows[1]:,} rows that no trial saw, {share(found.unseen, campaign)}. "
        f"The difference is {points(d.value)} points [{points(d.low)}, {points(d.high)}], unpaired, for the rows are "
        f"others: {found.words}."
    )


def near(campaign: Campaign) -> str:
    """How many of the finished trials the best one can't be told from by its interval (empty: no intervals)."""
    best = campaign.ranked[0] if campaign.ranked and campaign.kind == "tune" else None
    known = best.interval(campaign.first) if best else None
    if best is None or known is None:
        return ""
    up = campaign.objectives[campaign.first]
    close = [
        trial
        for trial in campaign.ranked[1:]
        if (trial.values[campaign.first] >= known.low if up else trial.values[campaign.first] <= known.high)
    ]
    if not close:
        return "No other trial comes within the best one's interval."
    n = len(close)
    came = "1 other trial comes" if n == 1 else f"{n} other trials come"
    return f"{came} within the best one's interval: the order among them is mostly chance."


def commands(campaign: Campaign) -> list[tuple[str, str]]:
    """What to do with the winner: (what it does, the command)."""
    if campaign.kind != "tune":
        return []
    found = str(campaign.winner.get("run_id") or "") or (campaign.ranked[0].run_id if campaign.ranked else "")
    if not found:
        return []
    return [
        ("choose it, for the pipeline and the registry", f"shipworthy runs select {found}"),
        ("run it again and compare", f"shipworthy reproduce {found}"),
        ("all of its costs", f"shipworthy cost {found}"),
    ]


def changed(trial: Trial) -> str:
    """What a trial has of its own: `optimizer.lr=0.0003 adapter=lora`."""
    pairs = [f"{key}={value(found)}" for key, found in trial.params.items()] or trial.overrides
    return " ".join(pairs) or "the recipe as it is"


def contribution(row: Mapping[str, Any]) -> tuple[str, str, str, str, str]:
    """A row of ablation.json: name, difference with interval, p, corrected p, what may be said of it."""
    p, holm = (f"{row[key]:.4f}" if row.get(key) is not None else "" for key in ("p", "p_holm"))
    return (
        str(row["name"]),
        f"{row['difference']:+.3f} [{row['low']:+.3f}, {row['high']:+.3f}]",
        p,
        holm,
        row.get("words", ""),
    )
