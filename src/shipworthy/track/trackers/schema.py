"""Where a run's metrics are recorded."""

from dataclasses import dataclass
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.schema import schema


@dataclass
class Sampled(TrackerConfig):
    """What every tracker's config has.

    Attributes:
        system_s: between two samples of what the run asks of its machine (seconds).
    """

    non_identity: ClassVar[tuple[str, ...]] = ("system_s",)

    system_s: float = 10.0

    def __post_init__(self) -> None:
        """Refuses what would take samples without end."""
        if self.system_s < 0.1:
            raise UsageError(f"tracker.system_s={self.system_s} is below 0.1: give the seconds between two samples.")


@schema("tracker", "none")
class NoTracker(Sampled):
    """NoRecords but in the checkpoint's own history.json."""


@schema("tracker", "mlflow")
class Mlflow(Sampled):
    """An MLflow store: a local SQLite file, or a server.

    Attributes:
        uri: `sqlite:///FILE` (a relative FILE counts from the project's root) or `http(s)://HOST:PORT`.
        experiment: the experiment in which the runs stand.
        flush_s: how long a metric may wait before it is written (seconds).
    """

    uri: str = "sqlite:///runs/mlflow.db"
    experiment: str = "shipworthy"
    flush_s: float = 5.0

    def __post_init__(self) -> None:
        """Refuses what is no store."""
        super().__post_init__()
        if not self.uri.startswith(("sqlite:///", "http://", "https://")):
            raise UsageError(f"tracker.uri={self.uri} is no MLflow store: give sqlite:///FILE or http(s)://HOST:PORT.")
        if self.flush_s < 0:
            raise UsageError(f"tracker.flush_s={self.flush_s} is negative: give seconds, 0 to write at once.")


@schema("tracker", "wandb")
class Wandb(Sampled):
    """Weights & Biases.

    Attributes:
        project: the project in which the runs stand.
        entity: the user or team that owns the project (empty: your default one).
        mode: `offline` writes files that `wandb sync` uploads later, without an account; `online` sends as it goes
            (empty: what WANDB_MODE says, else offline).
        folder: where the files are written, relative to the project's root.
        flush_s: how long a metric may wait before it is written, so how much a kill can lose (seconds).
    """

    project: str = "shipworthy"
    entity: str = ""
    mode: str = ""
    folder: str = "runs"
    flush_s: float = 1.0

    def __post_init__(self) -> None:
        """Refuses modes that would record nothing."""
        super().__post_init__()
        if self.mode not in ("", "offline", "online"):
            raise UsageError(f"tracker.mode={self.mode} is not offline or online: to record nothing, use tracker=none.")
        if self.flush_s <= 0:
            raise UsageError(f"tracker.flush_s={self.flush_s} is not above 0: give seconds.")
