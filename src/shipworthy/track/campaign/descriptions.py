"""The sentences and table cells with which reports describe a campaign."""

from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import WORSE
from shipworthy.track.campaign.chance import Chance
from shipworthy.track.campaign.facts import WinnersCurse
from shipworthy.track.campaign.read import FAILED, FINISHED, PRUNED, Campaign, Trial
from shipworthy.track.hpo.schema import METRIC
from shipworthy.track.hpo.space import Dimension
from shipworthy.track.quantities import count, seconds
from shipworthy.track.runs.pairs import pairs

STATES = (FINISHED, PRUNED, FAILED, "running", "waiting")
LUCKY = 0.05
"""A gain that chance brings more often than this is not shown to be more than chance."""
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
        design, recipe = (str(campaign.ablation.get(key, "")).replace("_", " ") for key in ("design", "told"))
        return f"{design}; {recipe}" if recipe else design
    sampler, pruner = ((settings.get(part) or {}).get("name", "") for part in ("sampler", "pruner"))
    words = [sampler, f"pruned by {pruner}" if pruner and pruner != "none" else "nothing is pruned"]
    workers = int(settings.get("workers") or 1)
    return ", ".join([word for word in words if word] + [f"{workers} worker{'' if workers == 1 else 's'}"])


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


def winners_curse(found: WinnersCurse, campaign: Campaign) -> str:
    """The winner's curse, in a sentence."""
    seen, unseen = (figures.interval(campaign.metric, one) for one in (found.seen, found.unseen))
    return (
        f"On the {found.rows[0]:,} rows that the search chose by, trial {found.number} has {seen}; on "
        f"{found.rows[1]:,} rows that no trial saw, {unseen}. The difference is "
        f"{figures.difference(campaign.metric, found.difference)}, unpaired, for the rows are others: {found.words}."
    )


def by_chance(found: Chance, campaign: Campaign) -> str:
    """What chance alone brings the best of so many trials, and what was gained, in sentences."""
    name, than = campaign.metric, "the recipe" if found.recipe else "the trial in the middle"
    sizes = (found.gain, found.expected, found.most)
    gain, expected, most = (figures.amount(name, float(f"{one:.2g}")) for one in sizes)
    told = (
        f"Were all {found.trials} trials that finished only as good as {than}, the best would still look better on "
        f"these {found.rows:,} rows: by {expected} on average, and by more than {most} in one search of twenty."
    )
    p = figures.probability(found.p_value)
    if found.gain <= 0:
        return f"{told} None looks better than {than}."
    if found.p_value < LUCKY:
        return f"{told} The best looks better by {gain}, which is more than chance brings ({p}, reality check)."
    return f"{told} The best looks better by {gain}, which chance alone may well bring ({p}, reality check)."


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


def changed(trial: Trial) -> str:
    """What a trial has of its own: `optimizer.lr=0.0003 adapter=lora`; `the recipe: …` of the recipe itself."""
    pairs = " ".join([f"{key}={value(found)}" for key, found in trial.params.items()] or trial.overrides)
    if trial.is_recipe:
        return f"the recipe: {pairs}".removesuffix(": ")
    return pairs or "the recipe as it is"
