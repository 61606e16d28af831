"""What was spent of each limit, in words: the same on a campaign's page, in its summary and while it runs."""

from collections.abc import Mapping
from typing import Any

from shipworthy.track.cost.cost import Cost
from shipworthy.track.cost.spans import HOUR_S
from shipworthy.track.quantities import money, seconds

Row = tuple[str, str, str, float | None]
"""What, spent, allowed (empty: no limit), spent over allowed."""


def rows(trials: int, cost: Cost, currency: str, allowed: Mapping[str, Any]) -> list[Row]:
    """Trials, GPU-hours, wall time, money.

    Args:
        trials: that were begun.
        currency: of the limit of money.
        allowed: hpo.budget: `trials`, `gpu_hours`, `hours`, `money` (0 or missing: no limit).
    """
    return [
        _row("trials", float(trials), allowed.get("trials"), "{:.0f}".format),
        _row("GPU-hours", cost.gpu_s / HOUR_S, allowed.get("gpu_hours"), "{:.3g}".format),
        _row("wall time", cost.wall_s / HOUR_S, allowed.get("hours"), lambda hours: seconds(hours * HOUR_S)),
        _row("money", cost.money.get(currency, 0.0), allowed.get("money"), lambda value: money(value, currency)),
    ]


def _row(what: str, spent: float, limit: Any, words: Any) -> Row:
    most = float(limit or 0.0)
    return what, words(spent), words(most) if most else "", spent / most if most else None
