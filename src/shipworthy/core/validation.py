"""Checks of single config values, each with a sentence that names the key and says what to give."""

from collections.abc import Iterable

from shipworthy.core.errors import UsageError


def one_of(key: str, value: str, choices: Iterable[str]) -> None:
    """Refuses a value that is none of the choices.

    Raises:
        UsageError: with the key, the value and the choices.
    """
    if value not in (known := list(choices)):
        raise UsageError(f"{key}={value}: choose one of {', '.join(known)}.")


def in_range(key: str, value: float, low: float, high: float) -> None:
    """Refuses a number outside low to high, both included.

    Raises:
        UsageError: with the key, the value and the range.
    """
    if not low <= value <= high:
        raise UsageError(f"{key}={value}: give a number from {low:g} to {high:g}.")


def above(key: str, value: float, low: float) -> None:
    """Refuses a number that is not above `low`.

    Raises:
        UsageError: with the key, the value and the bound.
    """
    if not value > low:
        raise UsageError(f"{key}={value}: give a number above {low:g}.")


def at_least(key: str, value: float, low: float) -> None:
    """Refuses a number below `low`.

    Raises:
        UsageError: with the key, the value and the bound.
    """
    if value < low:
        raise UsageError(f"{key}={value}: give a number from {low:g}.")


def share_above_zero(key: str, value: float) -> None:
    """Refuses what is not above 0 and at most 1: a share, a probability or a similarity.

    Raises:
        UsageError: with the key and the value.
    """
    if not 0 < value <= 1:
        raise UsageError(f"{key}={value}: give a number above 0, up to 1.")
