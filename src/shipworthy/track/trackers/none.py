"""No tracker: the history stays in the checkpoint alone."""

from collections.abc import Mapping
from pathlib import Path

from shipworthy.core.groups import TrackerConfig
from shipworthy.track.trackers.identity import Identity, Model
from shipworthy.track.trackers.protocol import Status
from shipworthy.track.trackers.webhook import Webhook


class NoTracker:
    """Takes everything and records nothing, as was asked for with tracker=none; alerts still reach the webhook."""

    def start(self, run: Identity) -> None:
        """Opens nothing."""
        self._webhook = Webhook(run.run_id)

    def log(self, metrics: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Notes nothing."""

    def sample(self, values: Mapping[str, float], number: int, at: float | None = None) -> None:
        """Notes nothing."""

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Notes nothing."""

    def model(self, made: Model) -> None:
        """Notes nothing."""

    def alert(self, title: str, text: str, step: int) -> None:
        """Posts to the webhook, if one is set."""
        self._webhook.post(title, text, step)

    def keep(self, file: Path) -> None:
        """Keeps nothing."""

    def flush(self) -> None:
        """Writes nothing."""

    def deliver(self) -> None:
        """Has nothing to write."""

    def finish(self, status: Status) -> None:
        """Closes nothing, and lets the last alerts go out."""
        self._webhook.wait()

    def abandon(self) -> None:
        """Holds nothing."""


def create(config: TrackerConfig) -> NoTracker:
    """The tracker that records nothing."""
    return NoTracker()
