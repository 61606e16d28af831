"""No tracker: the history stays in the checkpoint alone."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from shipworthy.core.groups import TrackerConfig
from shipworthy.track.trackers.protocol import Status


class NoTracker:
    """Takes everything and records nothing, as was asked for with tracker=none."""

    def start(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Opens nothing."""

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes nothing."""

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Notes nothing."""

    def keep(self, file: Path) -> None:
        """Keeps nothing."""

    def flush(self) -> None:
        """Writes nothing."""

    def finish(self, status: Status) -> None:
        """Closes nothing."""


def create(config: TrackerConfig) -> NoTracker:
    """The tracker that records nothing."""
    return NoTracker()
