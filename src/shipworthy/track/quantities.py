"""Formats numbers for reports: times, sizes, money; metrics and p-values are evaluation/figures.py's."""

import re
from collections.abc import Mapping

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def seconds(value: float) -> str:
    """A time: `13 ms`, `45 s`, `12 min`, `3.4 h`, `2.1 d`."""
    if 0 < value < 0.001:
        return "<1 ms"
    if value < 0.1:
        return f"{precise(1000 * value)} ms"
    if value < 2 * MINUTE:
        return f"{precise(value)} s"
    if value < 2 * HOUR:
        return f"{value / MINUTE:.0f} min"
    return f"{value / HOUR:.1f} h" if value < 2 * DAY else f"{value / DAY:.1f} d"


def precise(value: float) -> str:
    """A bare number with the digits that count: `145`, `1.1`, `0.92`, `0.0013`, `<0.001`."""
    if 0 < value < 0.001:
        return "<0.001"
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def count(value: float) -> str:
    """A number: `134.5 million`, `16,435`, `0.25`."""
    if value >= 1e9:
        return f"{value / 1e9:.2f} billion"
    if value >= 1e6:
        return f"{value / 1e6:.1f} million"
    return f"{value:,.0f}" if float(value).is_integer() or value >= 100 else f"{value:.3g}"


def megabytes(value: float) -> str:
    """A size: `105 MB`, `2.40 GB` (powers of ten)."""
    return f"{value / 1000:.2f} GB" if value >= 1000 else f"{precise(value)} MB"


def times(number: int) -> str:
    """`once`, `twice`, `3 times`."""
    return {1: "once", 2: "twice"}.get(number, f"{number} times")


def money(value: float, currency: str = "") -> str:
    """An amount: `1.20 USD`, `0.013 USD`."""
    number = f"{value:.2f}" if value >= 0.1 or value == 0 else f"{value:.2g}"
    return f"{number} {currency}".rstrip()


def amounts(found: Mapping[str, float]) -> str:
    """Amounts by currency: `1.20 USD + 0.30 EUR`; what is nothing is left out."""
    return " + ".join(money(value, currency) for currency, value in found.items() if value)


def typeset(text: str) -> str:
    """The same for a page: minus signs, and no line break within a comparison."""
    text = re.sub(r"(?<![\w-])-(?=\d)", "\N{MINUS SIGN}", text)
    return re.sub(r" ([<=]) ", "\N{NO-BREAK SPACE}\\1\N{NO-BREAK SPACE}", text)
