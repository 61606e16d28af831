"""The plan's estimates beside what the run took."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shipworthy.track.cost.spans import price


@dataclass(frozen=True)
class Planned:
    """One quantity.

    Attributes:
        what: e.g. `seconds`; `money` is that of the training's steps, at the price noted with the run's starts.
        value, low, high: what the plan said.
        taken: what was measured.
    """

    what: str
    value: float
    low: float
    high: float
    taken: float

    @property
    def inside(self) -> bool:
        """Whether the fact lies within the plan's bounds."""
        return self.low <= self.taken <= self.high

    @property
    def ratio(self) -> float | None:
        """Fact over plan; None where the plan said nothing."""
        return self.taken / self.value if self.value else None


def planned(line: Mapping[str, Any], per_hour: float | None) -> list[Planned]:
    """What a line of runs/calibration/ says.

    Args:
        per_hour: the price of the machine's hour (None: not known).
    """
    told = line["told"]
    measured = {name: v for name, v in line["measured"].items() if name in told and (told[name]["value"] or v)}
    found = [_one(name, told[name], taken) for name, taken in measured.items()]
    if per_hour is not None and "seconds" in measured:
        paid = {end: price(value, per_hour) for end, value in told["seconds"].items()}
        found.append(_one("money", paid, price(measured["seconds"], per_hour)))
    return found


def _one(what: str, told: Mapping[str, float], taken: float) -> Planned:
    return Planned(what, told["value"], told["low"], told["high"], taken)
