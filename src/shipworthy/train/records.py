"""Where a training run's metrics and alerts go; a tracker fits, and so does anything else with these three."""

from collections.abc import Mapping
from typing import Protocol


class Records(Protocol):
    """What a training run asks of its tracker."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes metrics of a step."""
        ...

    def alert(self, title: str, text: str, step: int) -> None:
        """Tells whoever is to know that something is wrong with the run, or that it ends early."""
        ...

    def flush(self) -> None:
        """Writes what is still waiting."""
        ...


class NoRecords:
    """For a run's other processes: the first one notes for all."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Forgets."""

    def alert(self, title: str, text: str, step: int) -> None:
        """Forgets: all processes find the same."""

    def flush(self) -> None:
        """Has nothing to write."""
