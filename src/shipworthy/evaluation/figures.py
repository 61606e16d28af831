"""Metrics and differences in words and digits, by the metric's unit."""

from collections.abc import Mapping, Sequence
from math import isclose, isfinite
from typing import TYPE_CHECKING

from shipworthy.evaluation.metric import is_share, unit

if TYPE_CHECKING:  # the list of runs must not wait for numpy
    from shipworthy.evaluation.intervals import Interval

MOST_DIGITS = 12


def interval(metric: str, found: "Interval") -> str:
    """A metric with its interval: `41.2% [39.0, 43.4]`, `0.929 [0.921, 0.936]`, `1,234 [1,190, 1,301]`."""
    if is_share(metric):
        return f"{100 * found.value:.1f}% [{100 * found.low:.1f}, {100 * found.high:.1f}]"
    digits = _digits(metric, found.value, found.high - found.low)
    value, low, high = (f"{one:,.{digits}f}" for one in (found.value, found.low, found.high))
    return f"{value} [{low}, {high}]"


def percent(found: Mapping[str, float]) -> str:
    """A share with its interval, as it is in JSON files: `41.2% [39.0, 43.4]`."""
    value, low, high = (100 * found[key] for key in ("value", "low", "high"))
    return f"{value:.1f}% [{low:.1f}, {high:.1f}]"


def figure(metric: str, value: float) -> str:
    """A metric alone: `41.2%`, `0.929`, `1,234`."""
    return f"{100 * value:.1f}%" if is_share(metric) else f"{value:,.{_digits(metric, value)}f}"


def decimals(value: float, width: float = 0.0) -> int:
    """Digits after the point of what is no share: three of its interval's width count, or of itself."""
    size = width or abs(value)
    if not size or not isfinite(size):
        return 3
    digits = 0
    while digits < MOST_DIGITS and size * 10**digits < 100:
        digits += 1
    return digits


def _digits(name: str, value: float, width: float = 0.0) -> int:
    """Of a metric that is no share; a score goes to 1, and has three."""
    return 3 if unit(name) == "score" else decimals(value, width)


def difference(metric: str, found: "Interval", bounds: Sequence[float] = (0.0,)) -> str:
    """A difference with its interval: `+12.3 points [+10.0, +14.6]`, `-0.021 [-0.030, -0.012]`.

    Args:
        bounds: what its figures were compared with; it has as many digits as tell them apart.
    """
    scale, unit = _scale(metric)
    digits = _digits_of_difference(metric, found, bounds)
    value, low, high = (f"{scale * one:+,.{digits}f}" for one in (found.value, found.low, found.high))
    return f"{value}{unit} [{low}, {high}]"


def _digits_of_difference(metric: str, found: "Interval", bounds: Sequence[float]) -> int:
    scale, _ = _scale(metric)
    least = 1 if is_share(metric) else _digits(metric, found.value, found.high - found.low)
    values = [scale * one for one in (found.value, found.low, found.high)]
    return telling(values, [scale * one for one in bounds], least)


def _scale(metric: str) -> tuple[float, str]:
    return (100.0, " points") if is_share(metric) else (1.0, "")


def both_ways(margin: float) -> tuple[float, float, float]:
    """What a difference is compared with where a margin is set."""
    return 0.0, margin, -margin


def amount(metric: str, value: float, beside: "Interval | None" = None) -> str:
    """A margin: `2 points`, `0.05`.

    Args:
        beside: a difference that was compared with it `both_ways`: it has as many digits as that, so that the one that
            is larger looks larger.
    """
    scale, unit = _scale(metric)
    told = 0 if beside is None else _digits_of_difference(metric, beside, both_ways(value))
    text = f"{scale * value:,.{max(decimals(scale * value) + 1, told)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return text + (unit.removesuffix("s") if text == "1" else unit)


def margin(name: str, share: float, reference: str) -> str:
    """A margin as the plan sets it: `2 points`, `0.02`; where it is a share of a value, `2% of REFERENCE`."""
    return f"{100 * share:g}% of {reference}" if unit(name) == "number" else amount(name, share)


def probability(p: float, alpha: float = 0.0) -> str:
    """A p-value, with as many digits as tell it from `alpha`: `p = 0.0123`, `p < 0.0001`."""
    if p < 0.0001 and not 0 < alpha <= 0.0001:
        return "p < 0.0001"
    return f"p = {p:.{telling([p], [alpha], 4)}f}"


def alike(one: float, other: float) -> bool:
    """Whether two numbers differ by no more than rounding does: 0.05 and 0.04999999999999993."""
    return isclose(one, other, rel_tol=1e-12, abs_tol=10**-MOST_DIGITS)


def telling(values: Sequence[float], bounds: Sequence[float], least: int) -> int:
    """The digits after the point, `least` or more, with which no value looks equal to a bound that it is not."""
    for digits in range(least, MOST_DIGITS):
        if all(
            alike(one, bound) or not isfinite(one) or round(one, digits) != round(bound, digits)
            for one in values
            for bound in bounds
        ):
            return digits
    return MOST_DIGITS
