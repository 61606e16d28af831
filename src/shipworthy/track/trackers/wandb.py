"""Weights & Biases: a file for later (`wandb sync`), or the live service."""

import os
import re
import shlex
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
os.environ.setdefault("WANDB_SILENT", "true")

import wandb

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.progress import say
from shipworthy.core.project import project_root
from shipworthy.track.trackers.identity import Dataset, Identity, Model
from shipworthy.track.trackers.protocol import Status
from shipworthy.track.trackers.schema import Wandb

EXIT_CODE = {"finished": 0, "failed": 1, "killed": 255, "pruned": 0}
TAG_CHARACTERS = 64
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

    def start(self, run: Identity) -> None:
        """Opens the run with this id, or goes on with it; says where it is written if it is not sent.

        Raises:
            ShipworthyError: online, and W&B can't be reached or knows no account.
        """
        folder = project_root() / self._config.folder
        folder.mkdir(parents=True, exist_ok=True)
        group = run.group
        try:
            self._run = wandb.init(
                project=self._config.project,
                entity=self._config.entity or None,
                id=run.run_id,
                name=run.name,
                notes=run.description or None,
                group=group.id if group else None,
                job_type=group.kind if group and group.id == run.run_id else run.tags.get("command"),
                config={**run.config, "dataset": {one.context: asdict(one) for one in run.datasets}},
                tags=[f"{key}:{value}"[:TAG_CHARACTERS] for key, value in run.tags.items()],
                mode="offline" if self._offline else "online",
                dir=str(folder),
                resume="allow",
                settings=wandb.Settings(
                    silent=True,
                    console="off",
                    disable_git=True,
                    save_code=False,
                    # Arguments, user, program and packages are in our own record, with the secrets taken out.
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
        if self._offline:
            say(f"W&B is offline: the run is written to {self._written()[-1]}; tracker.mode=online sends as it goes")
        for rows in run.datasets:
            self._use(rows)

    @property
    def _offline(self) -> bool:
        """As tracker.mode says, or WANDB_MODE where that is left open."""
        return (self._config.mode or os.environ.get("WANDB_MODE", "")) != "online"

    def _written(self) -> list[str]:
        """The folders of the run, one of each start, as a command takes them in the folder where this process works."""
        here = Path(self._run.settings.sync_dir).parent
        found = sorted(here.glob(f"*run-*-{self._run.id}"))
        return [shlex.quote(os.path.relpath(path)) for path in found]

    def _use(self, rows: Dataset) -> None:
        """The rows as an artifact that holds their digest: the data themselves stay here."""
        artifact = wandb.Artifact(
            f"{_name(rows.name)}-{rows.context}",
            type="dataset",
            metadata={"rows": rows.rows, "columns": {**rows.columns}, "path": rows.path, "sha256": rows.digest},
        )
        artifact.add_reference(f"sha256:{rows.digest}", name=Path(rows.path).name, checksum=False)
        # Offline W&B knows no artifacts that a run uses: there the run brings it.
        (self._run.log_artifact if self._offline else self._run.use_artifact)(artifact)

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

    def model(self, made: Model) -> None:
        """An artifact that holds the digests of the checkpoint's files, which stay here; the metrics as summary."""
        self._run.summary.update(dict(made.metrics))
        artifact = wandb.Artifact(
            f"{_name(made.name)}-{self._run.id}",
            type="model",
            metadata={"path": made.path, "digest": made.digest, **made.metrics},
        )
        for name, digest in made.files.items():
            artifact.add_reference(f"sha256:{digest}", name=name, checksum=False)
        self._run.log_artifact(artifact)

    def alert(self, title: str, text: str, step: int) -> None:
        """W&B mails it, or tells Slack, as its user has set there."""
        self._run.alert(title, f"step {step}: {text}", wait_duration=0)

    def keep(self, file: Path) -> None:
        """Copies the file into the run's files; W&B itself would link to where it is now."""
        copy = Path(self._run.dir) / file.name
        shutil.copyfile(file, copy)
        self._run.save(str(copy), base_path=self._run.dir, policy="now")

    def flush(self) -> None:
        """Ends the step that W&B holds open for more metrics; its own process writes it within `flush_s`."""
        if self._open:
            self._run.log({}, commit=True)
            self._open = False

    def deliver(self) -> None:
        """Has nothing to do: W&B's own process writes, and sends later what it could not."""

    def finish(self, status: Status) -> None:
        """Closes the run, and W&B's process with it: only then is the file sure to be whole. Says how it is sent."""
        self._run.summary["status"] = status
        self._run.finish(exit_code=EXIT_CODE[status])
        wandb.teardown()
        if self._offline:
            say(f"W&B is offline: `wandb sync {' '.join(self._written())}` sends the run, once you are logged in")

    def abandon(self) -> None:
        """Forgets W&B's process, which may be gone, so that the next start makes another."""
        with suppress(Exception):
            wandb.teardown()


def _name(text: str) -> str:
    """Of an artifact: W&B takes letters, digits and `-_.`."""
    return re.sub(r"[^\w.-]+", "-", text)[:100]


def create(config: TrackerConfig) -> WandbTracker:
    """The tracker of a W&B config."""
    assert isinstance(config, Wandb)
    return WandbTracker(config)
