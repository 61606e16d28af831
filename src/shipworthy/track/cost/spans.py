"""Times on machines, and what they cost together: the one place where seconds become money."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf

HOUR_S = 3600.0


@dataclass(frozen=True)
class Span:
    """A time on a machine, from one moment to another (seconds since the epoch), and the price of its hour."""

    host: str
    per_hour: float
    currency: str
    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """How long."""
        return max(0.0, self.ended - self.began)


def machine_s(spans: Iterable[Span]) -> float:
    """Seconds of machines: what ran on one machine at a time shares its seconds."""
    return sum(_covered(own) for own in _by_machine(spans).values())


def wall_s(spans: Iterable[Span]) -> float:
    """Seconds in which anything ran anywhere."""
    return _covered(spans)


def price(seconds: float, per_hour: float) -> float:
    """Of so many seconds of a machine."""
    return seconds * per_hour / HOUR_S


def money(spans: Iterable[Span]) -> dict[str, float]:
    """Currency → amount, by the machines' seconds; nothing where neither price nor currency is known."""
    found: dict[str, float] = {}
    for (_, per_hour, currency), own in _by_machine(spans).items():
        if currency or per_hour:
            found[currency] = found.get(currency, 0.0) + price(_covered(own), per_hour)
    return found


def _by_machine(spans: Iterable[Span]) -> dict[tuple[str, float, str], list[Span]]:
    found: dict[tuple[str, float, str], list[Span]] = {}
    for one in spans:
        found.setdefault((one.host, one.per_hour, one.currency), []).append(one)
    return found


def _covered(spans: Iterable[Span]) -> float:
    """Seconds that lie in at least one of the spans."""
    total, until = 0.0, -inf
    for one in sorted(spans, key=lambda span: (span.began, span.ended)):
        total += max(0.0, one.ended - max(one.began, until))
        until = max(until, one.ended)
    return total
