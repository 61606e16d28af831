"""What every tracker can do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Protocol

from shipworthy.track.trackers.identity import Identity, Model

Status = Literal["finished", "failed", "killed", "pruned"]


class Tracker(Protocol):
    """Records one run: `start`, then `log` as often as there is something to say, then `finish`.

    A run is known by our own run id: a second `start` with the same id goes on with the same run.
    """

    def start(self, run: Identity) -> None:
        """Opens the run, or opens it again."""
        ...

    def log(self, metrics: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Notes metrics of a step; cheap enough for every step. A step that was noted before stays as it was.

        Args:
            at: when it was (seconds since the epoch; None: now).
        """
        ...

    def sample(self, values: Mapping[str, float], number: int, at: float | None = None) -> None:
        """Notes what the run asks of its machine.

        Args:
            values: named `system/…`.
            number: of the sample in the run, from 1.
            at: when it was (seconds since the epoch; None: now).
        """
        ...

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Notes what is known of the run as a whole.

        Args:
            values: by names that are no metric's of a step, e.g. `validation/accuracy`.
        """
        ...

    def model(self, made: Model) -> None:
        """Notes the model that came out, and what it reached; its files stay where they are."""
        ...

    def alert(self, title: str, text: str, step: int) -> None:
        """Tells whoever watches that something at a step needs a look."""
        ...

    def keep(self, file: Path) -> None:
        """Keeps a copy of a small file with the run."""
        ...

    def flush(self) -> None:
        """Writes what is still waiting; call it with each checkpoint, so that a kill loses little before it."""
        ...

    def deliver(self) -> None:
        """Makes sure that what was noted has arrived, in the middle of a step too; raises if it has not."""
        ...

    def finish(self, status: Status) -> None:
        """Closes the run."""
        ...

    def abandon(self) -> None:
        """Lets go of what is broken, so that the run can be opened anew; never raises."""
        ...
