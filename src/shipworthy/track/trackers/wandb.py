"""Weights & Biases: a file for later (`wandb sync`), or the live service."""

import os
from collections.abc import Mapping
from contextlib import suppress
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
SECONDS_TO_FINISH = 15
"""What was not uploaded by then stays in the run's file, for `wandb sync`."""


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
                    # Arguments, user, program and packages stand in our own record, with the secrets taken out.
                    x_disable_meta=True,
                    x_disable_machine_info=True,
                    x_save_requirements=False,
                    finish_timeout=SECONDS_TO_FINISH,
                    init_timeout=SECONDS_TO_CONNECT,
                    x_transaction_log_flush_interval=self._config.flush_s,
                ),
            )
        except wandb.Error as error:
            reason = str(error).strip().splitlines()[0].rstrip(".")
            raise ShipworthyError(
                f"Weights & Biases did not open the run ({reason}): run `wandb login`, or use tracker.mode=offline."
            ) from error

    def log(self, metrics: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Hands metrics to W&B's own process, which writes them; W&B itself drops a step that it has seen."""
        self._run.log(dict(metrics), step=step)
        self._open = True

    def sample(self, values: Mapping[str, float], number: int, at: float | None = None) -> None:
        """Into the step that is open: W&B has one axis; of several samples in one step the last one stays."""
        self._run.log({**values, "system/sample": number}, commit=False)
        self._open = True

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Sets the run's summary values."""
        self._run.summary.update(dict(values))

    def alert(self, title: str, text: str, step: int) -> None:
        """W&B mails it, or tells Slack, as its user has set there."""
        self._run.alert(title, f"step {step}: {text}", wait_duration=0)

    def keep(self, file: Path) -> None:
        """Copies the file into the run's files."""
        self._run.save(str(file), base_path=str(file.parent), policy="now")

    def flush(self) -> None:
        """Ends the step that W&B holds open for more metrics; its own process writes it within `flush_s`."""
        if self._open:
            self._run.log({}, commit=True)
            self._open = False

    def deliver(self) -> None:
        """Has nothing to do: W&B's own process writes, and sends later what it could not."""

    def finish(self, status: Status) -> None:
        """Closes the run, and W&B's process with it: only then is the file sure to be whole."""
        self._run.finish(exit_code=EXIT_CODE[status])
        wandb.teardown()

    def abandon(self) -> None:
        """Forgets W&B's process, which may be gone, so that the next start makes another."""
        with suppress(Exception):
            wandb.teardown()


def create(config: TrackerConfig) -> WandbTracker:
    """The tracker of a W&B config."""
    assert isinstance(config, Wandb)
    return WandbTracker(config)
