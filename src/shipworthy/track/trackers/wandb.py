"""Weights & Biases: a file for later (`wandb sync`), or the live service."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")

import wandb

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.project import project_root
from shipworthy.track.trackers.protocol import Status
from shipworthy.track.trackers.schema import Wandb

EXIT_CODE = {"finished": 0, "failed": 1, "killed": 255}
SECONDS_TO_CONNECT = 30


class WandbTracker:
    """One W&B run whose id is our run id; offline, each start adds one file to it that `wandb sync` merges."""

    def __init__(self, config: Wandb) -> None:
        """Connects to nothing yet."""
        self._config = config
        self._open = False
        self._run: wandb.Run

    def start(self, run_id: str, name: str, config: Mapping[str, Any], tags: Mapping[str, str]) -> None:
        """Opens the run with this id, or goes on with it.

        Raises:
            ShipworthyError: online, and W&B can't be reached or knows no account.
        """
        folder = project_root() / self._config.folder
        folder.mkdir(parents=True, exist_ok=True)
        try:
            self._run = wandb.init(
                project=self._config.project,
                entity=self._config.entity or None,
                id=run_id,
                name=name,
                config={**config},
                tags=[f"{key}:{value}"[:64] for key, value in tags.items()],
                mode="offline" if self._config.mode == "offline" else "online",
                dir=str(folder),
                resume="allow",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    disable_git=True,
                    save_code=False,
                    init_timeout=SECONDS_TO_CONNECT,
                    x_transaction_log_flush_interval=self._config.flush_s,
                ),
            )
        except wandb.Error as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise ShipworthyError(
                f"Weights & Biases did not open the run ({reason}): run `wandb login`, or use tracker.mode=offline."
            ) from error

    def log(self, metrics: Mapping[str, float], step: int) -> None:
        """Hands metrics to W&B's own process, which writes them; W&B itself drops a step that it has seen."""
        self._run.log(dict(metrics), step=step)
        self._open = True

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Sets the run's summary values."""
        self._run.summary.update(dict(values))

    def keep(self, file: Path) -> None:
        """Copies the file into the run's files."""
        self._run.save(str(file), base_path=str(file.parent), policy="now")

    def flush(self) -> None:
        """Ends the step that W&B holds open for more metrics; its own process writes it within `flush_s`."""
        if self._open:
            self._run.log({}, commit=True)
            self._open = False

    def finish(self, status: Status) -> None:
        """Closes the run, and W&B's process with it: only then is the file sure to be whole."""
        self._run.finish(exit_code=EXIT_CODE[status])
        wandb.teardown()


def create(config: TrackerConfig) -> WandbTracker:
    """The tracker of a W&B config."""
    assert isinstance(config, Wandb)
    return WandbTracker(config)
