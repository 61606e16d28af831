"""What every tracker can do."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Protocol

Status = Literal["finished", "failed", "killed"]


class Tracker(Protocol):
    """Records one run: `start`, then `log` as often as there is something to say, then `finish`.

    A run is known by our own run id: a second `start` with the same id goes on with the same run.
    """

    def start(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Opens the run, or opens it again; `config` may be nested."""
        ...

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Notes metrics of a step; cheap enough for every step. A step that was noted before stays as it was."""
        ...

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Notes what is known of the run as a whole."""
        ...

    def keep(self, file: Path) -> None:
        """Keeps a copy of a small file with the run."""
        ...

    def flush(self) -> None:
        """Writes what is still waiting; call it with each checkpoint, so that a kill loses little before it."""
        ...

    def finish(self, status: Status) -> None:
        """Closes the run."""
        ...
