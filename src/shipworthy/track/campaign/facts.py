"""A campaign's derived numbers: budgets, the Pareto front, the winner's curse."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from shipworthy.evaluation.intervals import Interval
from shipworthy.track.campaign.read import FINISHED, Campaign, Trial
from shipworthy.track.cost.budget import Row, rows
from shipworthy.track.hpo.schema import METRIC


def budget(campaign: Campaign) -> list[Row]:
    """What was spent of each limit."""
    begun = sum(trial.state != "waiting" for trial in campaign.trials)
    return rows(begun, campaign.cost, campaign.currency, campaign.settings.get("budget") or {})


def front(points: Sequence[tuple[float, ...]], more_is_better: Sequence[bool]) -> list[int]:
    """Which points no other one beats: at least as good in all and better in one (Pareto)."""
    signed = [tuple(v if up else -v for v, up in zip(point, more_is_better, strict=True)) for point in points]
    return [
        i
        for i, one in enumerate(signed)
        if not any(other != one and all(a >= b for a, b in zip(other, one, strict=True)) for other in signed)
    ]


def quality_and_cost(campaign: Campaign) -> tuple[str, list[tuple[Trial, float, float]], set[int]]:
    """The first objective against what a trial took: the cost's name, (trial, cost, value), and who is on the front."""
    done = [trial for trial in campaign.ranked if trial.cost.seconds]
    # On one kind of machine money says nothing that seconds don't.
    paid = len({(span.per_hour, span.currency) for trial in done for span in trial.cost.spans}) > 1
    points = [(trial, trial.money if paid else trial.cost.seconds, trial.values[campaign.first]) for trial in done]
    best = front([(value, cost) for _, cost, value in points], (campaign.objectives[campaign.first], False))
    what = f"cost of the trial ({campaign.currency})" if paid else "time of the trial (s)"
    if not paid and points and min(cost for _, cost, _ in points) > 120:
        what, points = "time of the trial (min)", [(trial, cost / 60, value) for trial, cost, value in points]
    return what, points, {points[i][0].number for i in best}


def pareto(campaign: Campaign) -> set[int]:
    """Numbers of the trials that no other beats in all objectives."""
    done = [trial for trial in campaign.of(FINISHED) if set(campaign.objectives) <= set(trial.values)]
    points = [tuple(trial.values[name] for name in campaign.objectives) for trial in done]
    return {done[i].number for i in front(points, list(campaign.objectives.values()))}


@dataclass(frozen=True)
class WinnersCurse:
    """The winner on the rows that it was chosen by, and on rows that the search did not see.

    Attributes:
        number, run_id: of the winner.
        seen, unseen: its metric, with intervals.
        rows: of each.
        difference: seen - unseen: the optimism of the search. The rows are others, so it is unpaired.
        more_is_better: of the metric.
    """

    number: int
    run_id: str
    seen: Interval
    unseen: Interval
    rows: tuple[int, int]
    difference: Interval
    more_is_better: bool

    @property
    def words(self) -> str:
        """What may be said of it."""
        least, most = (self.difference.low, self.difference.high)
        if not self.more_is_better:
            least, most = -most, -least
        if least > 0:
            return "on the rows that chose it the winner looks better than it is"
        if most < 0:
            return "it does better on the new rows, by chance, or because they are easier"
        end = "upper" if self.more_is_better else "lower"
        return f"it was not shown to look better than it is, though by as much as the interval's {end} end it may"


def winners_curse(campaign: Campaign) -> WinnersCurse | None:
    """None until the winner was measured on unseen rows."""
    found = campaign.winner
    if not found.get("unseen") or not found.get("seen"):
        return None
    seen, unseen = _measured(found["seen"]), _measured(found["unseen"])
    rows = int(found["seen"]["rows"]), int(found["unseen"]["rows"])
    up = campaign.objectives.get(METRIC, True)
    return WinnersCurse(int(found["trial"]), str(found["run_id"]), seen, unseen, rows, unpaired(seen, unseen), up)


def unpaired(one: Interval, other: Interval) -> Interval:
    """The difference of two independent values from the interval of each.

    Of shares it is method 10 of Newcombe 1998 (Statistics in Medicine 17:873), of any others MOVER (Zou and Donner
    2008, Statistics in Medicine 27:1693).
    """
    difference = one.value - other.value
    down = sqrt((one.value - one.low) ** 2 + (other.high - other.value) ** 2)
    up = sqrt((one.high - one.value) ** 2 + (other.value - other.low) ** 2)
    return Interval(difference, difference - down, difference + up, one.level)


def _measured(found: dict[str, Any]) -> Interval:
    return Interval(found["value"], found["low"], found["high"], found.get("level", 0.95))
