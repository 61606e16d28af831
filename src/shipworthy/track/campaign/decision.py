"""What to do after a search: adopt its winner, keep the recipe, or measure again; and the command for it."""

from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.evaluation import figures
from shipworthy.evaluation.claims import BETTER, EQUAL, OPEN, WORSE, Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import title
from shipworthy.track.campaign.next_steps import (
    UNSEEN,
    Step,
    go_on,
    look,
    more_rows,
    search_again,
    select,
    use_recipe,
)
from shipworthy.track.campaign.nothing import apart, failed, nothing
from shipworthy.track.campaign.read import FINISHED, Campaign, Trial
from shipworthy.track.hpo.schema import METRIC
from shipworthy.track.quantities import count, seconds

ADOPT, KEEP, AGAIN, NOTHING = "Adopt the winner", "Keep the recipe", "Measure again", "Nothing was learned"
COSTS = ("seconds", "trainable_parameters", "peak_memory_mb", "size_mb")
"""Objectives of which less is worth something as long as the metric does not suffer."""


@dataclass(frozen=True)
class Decision:
    """What to do, why, and how.

    Attributes:
        words: ADOPT, KEEP, AGAIN or NOTHING.
        why: sentences.
        steps: what each does, and the command.
    """

    words: str
    why: str
    steps: list[Step]


def decision(campaign: Campaign, by_trial: dict[int, pl.DataFrame]) -> Decision | None:
    """None of an ablation, and as long as a search goes on.

    Args:
        by_trial: what `chance.answers` read.
    """
    if campaign.kind != "tune" or not campaign.trials or not campaign.over:
        return None
    return _without_values(campaign, by_trial) or _with_values(campaign)


def _without_values(campaign: Campaign, by_trial: dict[int, pl.DataFrame]) -> Decision | None:
    """Where the trials' values say nothing; None: they do."""
    if not campaign.ranked:
        return Decision(NOTHING, failed(campaign), [])
    if why := nothing(campaign):
        return Decision(NOTHING, why, [look(campaign, campaign.ranked[0]), use_recipe(campaign)])
    if why := apart(by_trial):
        return Decision(AGAIN, f"{why} Search again, on rows that stay the same.", [search_again(campaign)])
    return None


def _with_values(campaign: Campaign) -> Decision:
    winner, recipe = _winner(campaign), campaign.recipe
    if recipe is None or recipe.state != FINISHED:
        return _without_recipe(campaign, winner, recipe)
    if winner.run_id == recipe.run_id:
        return _recipe_is_best(campaign, recipe)
    if not campaign.winner.get("against_recipe"):
        return _without_new_rows(campaign, winner)
    return _tested(campaign, winner, recipe)


def _winner(campaign: Campaign) -> Trial:
    """The trial that was measured on unseen rows; else the best."""
    number = campaign.winner.get("trial", campaign.ranked[0].number)
    return next(trial for trial in campaign.trials if trial.number == number)


def _without_recipe(campaign: Campaign, winner: Trial, recipe: Trial | None) -> Decision:
    unknown = "so nothing says whether the best trial is better than it"
    if recipe is None:
        why = f"The recipe itself was not tried, {unknown}: search again."
    else:
        said = f" ({recipe.said.rstrip('.')})" if recipe.said else ""
        why = (
            f"The recipe itself, trial {recipe.number}, {recipe.state}{said}, {unknown}: mend the recipe and search "
            "again, or take the best trial for what it is."
        )
    return Decision(AGAIN, why, [search_again(campaign), select(campaign, winner)])


def _recipe_is_best(campaign: Campaign, recipe: Trial) -> Decision:
    others = len(campaign.different) - 1
    of = f"Of {others} other trial{'' if others == 1 else 's'} that finished none" if others else "No other trial"
    value = f" ({figures.figure(campaign.metric, recipe.values[METRIC])})" if METRIC in recipe.values else ""
    why = f"{of} did better than the recipe itself{value} on the rows that the search chose by."
    return Decision(KEEP, why, [use_recipe(campaign)])


def _without_new_rows(campaign: Campaign, winner: Trial) -> Decision:
    if campaign.settings.get("unseen"):
        why = f"Trial {winner.number} was not yet measured on the rows that no trial saw."
        return Decision(AGAIN, why, [go_on(campaign)])
    why = (
        f"Trial {winner.number} looks best, but on the rows that chose it, on which the best of many always looks "
        "better than it is. hpo.unseen=0 left no others to test it on: keep some from the search."
    )
    return Decision(AGAIN, why, [search_again(campaign, f"hpo.unseen={UNSEEN}"), use_recipe(campaign, "until then, ")])


def _tested(campaign: Campaign, winner: Trial, recipe: Trial) -> Decision:
    """By the paired test on the rows that no trial saw."""
    against, cheaper = campaign.winner["against_recipe"], campaign.first in COSTS
    claim = Claim.from_json(against["claim"])
    found = _compared(campaign, winner, recipe, claim)
    if claim.words == BETTER or (cheaper and claim.within_margin):
        return Decision(ADOPT, found, [select(campaign, winner), use_recipe(campaign, "or ")])
    needed, gain = against["rows_needed"], figures.amount(campaign.metric, float(f"{against['gain']:.2g}"))
    if why := _why_keep(claim, needed, gain, against["power"], cheaper=cheaper):
        return Decision(KEEP, f"{found} {why}", [use_recipe(campaign)])
    said, steps = more_rows(campaign, needed)
    why = f"To show a gain of {gain} takes about {needed:,} unseen rows ({against['power']:.0%} power)."
    return Decision(AGAIN, " ".join([found, why, *([said] if said else [])]), steps)


def _why_keep(claim: Claim, needed: int | None, gain: str, power: float, *, cheaper: bool) -> str:
    """Why more rows are not worth while where the winner was not shown to be better (empty: they are)."""
    if claim.words == WORSE:
        return "What the search found is worse than the recipe."
    if claim.words == EQUAL:
        return "What the search found is worth no change."
    if claim.gain <= 0 and not cheaper:
        return "What it seemed to gain did not hold on new rows."
    if not needed or needed <= claim.n:
        return f"A gain of {gain} would have been shown on so many rows ({power:.0%} power), and none was."
    return ""


def _compared(campaign: Campaign, winner: Trial, recipe: Trial, claim: Claim) -> str:
    """Both on the unseen rows, the claim, and the other objectives of both."""
    told = campaign.winner
    mine, theirs = (figures.interval(campaign.metric, _interval(one["unseen"])) for one in (told, told["recipe"]))
    shown = (claim.words, claim.figures) if claim.words == OPEN else (claim.sentence, claim.shown_by)
    said = [
        f"On {claim.n:,} rows that no trial saw, trial {winner.number} has {mine} and the recipe {theirs} "
        f"({title(campaign.metric)}): {': '.join(shown)} ({claim.test})."
    ]
    said += [
        f"{title(name).capitalize()}: {_value(name, winner.values[name])}, the recipe's "
        f"{_value(name, recipe.values[name])}."
        for name in campaign.objectives
        if name != METRIC and name in winner.values and name in recipe.values
    ]
    return " ".join(said)


def _value(name: str, found: float) -> str:
    return seconds(found) if name == "seconds" else f"{found:.4g}" if name in ("val_loss", "size_mb") else count(found)


def _interval(found: dict[str, Any]) -> Interval:
    return Interval(found["value"], found["low"], found["high"], found.get("level", 0.95))
