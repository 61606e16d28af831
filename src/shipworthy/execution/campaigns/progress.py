"""A campaign's progress, in a line whenever it changes."""

import time
from collections.abc import Sequence

from shipworthy.core.progress import say
from shipworthy.track.cost.budget import rows
from shipworthy.track.hpo.campaign import Campaign, Trial, counts

SECONDS_BETWEEN_LINES = 60.0
CLOCK = 8

WORDS = {"finished": "finished", "pruned": "pruned", "failed": "failed", "running": "running", "waiting": "interrupted"}


def line(campaign: Campaign, trials: Sequence[Trial]) -> str:
    """Counts, the best so far, and what was spent."""
    parts = [f"{number} {WORDS[state]}" for state, number in counts(trials).items() if number]
    if (left := campaign.asked_for - len(trials)) > 0:
        parts.append(f"{left} to come")
    said = f"{time.strftime('%H:%M:%S')}  {', '.join(parts)}"
    if best := campaign.best(trials):
        more = f" and {len(best) - 1} others that none beats" if len(best) > 1 else ""
        said += f"; best {values(campaign, best[0])} (trial {best[0]['number']}{more})"
    return f"{said}; {spent(campaign, trials)}"


class ProgressPrinter:
    """Prints a campaign's progress whenever it changes, and every minute; of a new best trial, what it changed."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaign = campaign
        self._before, self._said, self._best = "", 0.0, -1

    def update(self, trials: Sequence[Trial]) -> None:
        """Takes the trials as they are now."""
        text, now = line(self.campaign, trials), time.monotonic()
        what = text[CLOCK:].rpartition(";")[0]  # the clock and what is spent always change
        if what == self._before and now - self._said < SECONDS_BETWEEN_LINES:
            return
        say(text)
        self._before, self._said = what, now
        best = self.campaign.best(trials)
        if best and best[0]["number"] != self._best:
            self._best = best[0]["number"]
            say(f"          trial {self._best}: {recipe(best[0])}")


def recipe(trial: Trial) -> str:
    """A trial's values, its numbers rounded to what one reads."""
    if not trial["params"]:
        return str(trial["name"])
    pairs = trial["params"].items()
    told = "  ".join(f"{key} {value:.4g}" if isinstance(value, float) else f"{key} {value}" for key, value in pairs)
    return told if trial["overrides"] else f"the recipe itself: {told}"


def values(campaign: Campaign, trial: Trial) -> str:
    """A trial's objectives, e.g. `metric 0.8712`."""
    return ", ".join(
        f"{one['name']} {trial['values'][one['name']]:.4g}" for one in campaign.record["settings"]["objectives"]
    )


def spent(campaign: Campaign, trials: Sequence[Trial]) -> str:
    """Wall time, GPU-hours and money, with their limits, as the campaign's page says them."""
    cost, limits = campaign.cost(trials), campaign.record["settings"]["budget"]
    if not cost.seconds:
        return "nothing spent yet"
    told = rows(len(trials), cost, campaign.record["currency"], {**limits, "trials": 0})[1:]
    return ", ".join(
        f"{what} {spent}{f' of {allowed}' if allowed else ''}"
        for what, spent, allowed, _ in told
        if allowed or what == "wall time" or spent != "0"
    )
