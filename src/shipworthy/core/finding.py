"""What a check found: one line, with the remedy in it where one is needed."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from shipworthy.core.errors import ShipworthyError


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARNING = "warning"
    MISSING = "missing"


@dataclass(frozen=True)
class Finding:
    """What was looked at, and a sentence on it; what is `missing` keeps a run from working."""

    level: Level
    what: str
    said: str

    def __str__(self) -> str:
        return f"{self.level:<8} {self.what}: {self.said}"


def checked(what: str, check: Callable[[], str]) -> Finding:
    """Fine with what `check` returns, missing with what it raises."""
    try:
        return Finding(Level.OK, what, check())
    except ShipworthyError as error:
        return Finding(Level.MISSING, what, str(error))
