"""Where a training run's metrics go; a tracker fits, and so does anything else with these two."""

from collections.abc import Mapping
from typing import Protocol


class Records(Protocol):
    """What a training run asks of its tracker."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes metrics of a step."""
        ...

    def flush(self) -> None:
        """Writes what is still waiting."""
        ...
