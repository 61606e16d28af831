"""Formats values for the list of runs: bare numbers, in the form that its filters take."""

import time
from collections import Counter
from collections.abc import Mapping
from typing import Any

from shipworthy.track import quantities


def when(epoch: float) -> str:
    """`22 Nov 2026, 14:03`, local time."""
    return time.strftime("%-d %b %Y, %H:%M", time.localtime(epoch))


def day(epoch: float) -> str:
    """`22 Nov 14:03`; of another year than this `22 Nov 2025`."""
    at = time.localtime(epoch)
    return time.strftime("%-d %b %H:%M" if at.tm_year == time.localtime().tm_year else "%-d %b %Y", at)


def zone() -> str:
    """The name of the local time: `CET`, `UTC`."""
    return time.strftime("%Z", time.localtime())


def took(seconds: float) -> str:
    """A run's time, with the digits of the cost report."""
    return quantities.seconds(seconds)


def measured(value: float, interval: tuple[float, float] | None) -> str:
    """A metric: `0.412 [0.390, 0.434]`, `1234 [1190, 1301]`."""
    digits = 3
    if value and not 0.01 <= abs(value) < 10:
        from shipworthy.evaluation.figures import decimals  # the list of runs must not wait for what that imports

        digits = decimals(value)
    return " ".join(
        [f"{value:.{digits}f}", *([f"[{interval[0]:.{digits}f}, {interval[1]:.{digits}f}]"] if interval else [])]
    )


def plain(value: Any) -> str:
    """A value of a config: `0.001`, `none`, `all-linear, lm_head`."""
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(plain, value)) or "empty"
    return str(value).lower() if isinstance(value, bool) else str(value)


def change(pairs: Mapping[str, tuple[Any, Any]], *, short: bool = False) -> str:
    """A derived change: `optimizer.lr 0.001 → 0.0005, seed 17 → 18`; what was not there before has no arrow.

    Args:
        short: with the last part of each key alone, where that tells it from the others.
    """
    ends = Counter(key.rpartition(".")[2] for key in pairs)
    said = []
    for key, (before, after) in pairs.items():
        end = key.rpartition(".")[2]
        name = end if short and ends[end] == 1 else key
        said.append(f"{name} {plain(after)}" if before is None else f"{name} {plain(before)} → {plain(after)}")
    return ", ".join(said)


def shortened(text: str, width: int) -> str:
    """One line of at most `width` characters."""
    line = " ".join(text.split())
    return line if len(line) <= width else f"{line[: max(0, width - 1)].rstrip()}…"
