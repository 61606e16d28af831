"""What can be done after a search, each with its command: select, go on with the recipe, search again on more rows."""

import shlex
from math import ceil

from shipworthy.core.commands import command
from shipworthy.track.campaign.read import Campaign, Trial

UNSEEN = 0.3
"""The share of the validation rows that no trial sees, where nothing else is said."""
MOST_UNSEEN = 0.6
MOST_VALIDATION = 0.4
"""Larger shares leave too few rows for the rest."""
Step = tuple[str, str]
"""What it does, and the command."""


def select(campaign: Campaign, trial: Trial) -> Step:
    """Makes a trial's model the pipeline's."""
    words = f"runs select {trial.run_id}"
    return "choose it, for the pipeline and the registry", command(words, workspace=campaign.workspace)


def look(campaign: Campaign, trial: Trial) -> Step:
    """Shows a trial's run."""
    return "look at its run", command(f"runs show {trial.run_id}", workspace=campaign.workspace)


def use_recipe(campaign: Campaign, before: str = "") -> Step:
    """Trains the recipe as it is, with all validation rows.

    Args:
        before: words before those that say what it does.
    """
    return f"{before}go on with the recipe", f"shipworthy {shlex.join(['train', *_overrides(campaign)])}"


def search_again(campaign: Campaign, *more: str) -> Step:
    """The same search with other settings."""
    keys = {text.partition("=")[0] for text in more}
    kept = [text for text in campaign.overrides if text.partition("=")[0] not in keys]
    return "search again", f"shipworthy {shlex.join(['tune', *kept, *more])}"


def go_on(campaign: Campaign) -> Step:
    """Goes on with the search where it stands."""
    return "go on with it", command(f"tune campaign={campaign.name}", workspace=campaign.workspace)


def more_rows(campaign: Campaign, needed: int) -> tuple[str, list[Step]]:
    """How to come by so many rows that no trial sees: what is to be said of it (may be empty), and the steps."""
    there, unseen = int(campaign.winner["validation_rows"]), float(campaign.settings.get("unseen") or UNSEEN)
    stay = use_recipe(campaign, "until then, ")
    if needed <= MOST_UNSEEN * there:
        return "", [search_again(campaign, f"hpo.unseen={ceil(100 * needed / there) / 100:g}"), stay]
    wanted = ceil(needed / unseen)
    share = ceil(100 * campaign.validation_share * wanted / max(1, there)) / 100
    few = f"That is {wanted:,} validation rows, where there are {there:,}"
    if not 0 < share <= MOST_VALIDATION:
        return f"{few}: bring more data, or stay with the recipe.", [use_recipe(campaign)]
    larger = f"data.split.validation={share:g}"
    kept = [text for text in _overrides(campaign) if not text.startswith("data.split.validation=")]
    prepare = f"shipworthy {shlex.join(['prepare', *kept, larger])}"
    return f"{few}: give validation a larger share.", [
        ("divide the rows again", prepare),
        search_again(campaign, larger),
        stay,
    ]


def _overrides(campaign: Campaign) -> list[str]:
    """The base recipe's, without those of the search."""
    return [text for text in campaign.overrides if not text.lstrip("+~").startswith(("hpo.", "hpo="))]
