"""A tracker that buffers on disk: the training doesn't wait for the real one, and goes on while that is unreachable."""

import shutil
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from shipworthy.core.commands import beside, command
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.progress import say
from shipworthy.track.trackers.forwarder import METADATA, Forwarder, RunMetadata, reason
from shipworthy.track.trackers.identity import Identity, Model
from shipworthy.track.trackers.journal import Journal
from shipworthy.track.trackers.protocol import Status
from shipworthy.track.trackers.webhook import Webhook

LONGEST_PAUSE_S = 30.0
FINISH_TIMEOUT_S = 20.0
"""How long the end of a run waits for its tracker."""


class BufferedTracker:
    """Each call appends a line to the run's journal; a thread forwards the lines to the tracker when it is reachable.

    What could not be forwarded by the run's end is sent at its next start, or by `sync`.
    """

    def __init__(self, config: TrackerConfig, folder: Path, finish_timeout_s: float = FINISH_TIMEOUT_S) -> None:
        """Connects to nothing yet.

        Args:
            folder: of the journal: `tracker` in the run's folder.
            finish_timeout_s: how long the end of the run waits for the tracker.
        """
        self._config, self._folder, self._finish_timeout_s = config, folder, finish_timeout_s
        self._period = float(getattr(config, "flush_s", 1.0))
        self._now, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._forward, name="tracker", daemon=True)
        self._away = False

    def start(self, run: Identity) -> None:
        """Opens the run; only where it was never open in this tracker before must that be there.

        Raises:
            ShipworthyError: it is not.
        """
        metadata = RunMetadata(run, self._config)
        self._journal = Journal(self._folder)
        self._forwarder = Forwarder(metadata, self._journal, self._folder)
        self._webhook = Webhook(run.run_id)
        if (self._folder / METADATA).is_file() and RunMetadata.read(self._folder).tracker == self._config:
            self._now.set()
        else:
            try:
                self._forwarder.connect()
            except BaseException:
                self._journal.close()
                raise
        metadata.write(self._folder)
        self._thread.start()

    def log(self, metrics: Mapping[str, float], step: int, at: float | None = None) -> None:
        """Notes metrics of a step."""
        self._note(do="log", metrics=dict(metrics), step=step, at=at or time.time())

    def sample(self, values: Mapping[str, float], number: int, at: float | None = None) -> None:
        """Notes what the run asks of its machine."""
        self._note(do="sample", values=dict(values), number=number, at=at or time.time())

    def summary(self, values: Mapping[str, float | str]) -> None:
        """Notes what is known of the run as a whole."""
        self._note(do="summary", values=dict(values))

    def model(self, made: Model) -> None:
        """Notes the model that came out."""
        self._note(do="model", made=asdict(made))

    def alert(self, title: str, text: str, step: int) -> None:
        """Tells the tracker, and the webhook if one is set, at once."""
        self._note(do="alert", title=title, text=text, step=step)
        self._webhook.post(title, text, step)
        self._now.set()

    def keep(self, file: Path) -> None:
        """Keeps a copy of the file until the tracker has it."""
        copy = self._folder / "files" / uuid.uuid4().hex[:8] / file.name
        try:
            copy.parent.mkdir(parents=True)
            shutil.copyfile(file, copy)
        except OSError as error:
            say(f"{file} can't be kept for the tracker ({error.strerror}): the run goes on without that")
            return
        self._note(do="keep", file=str(copy.relative_to(self._folder)))

    def flush(self) -> None:
        """Syncs the journal to disk, and has it forwarded now; doesn't wait for the tracker."""
        self._note(do="flush")
        self._journal.sync()
        self._now.set()

    def deliver(self) -> None:
        """Has the journal forwarded now."""
        self._now.set()

    def finish(self, status: Status) -> None:
        """Closes the run, if the tracker takes it within the timeout."""
        self._note(do="finish", status=status)
        self._journal.sync()
        self._over.set()
        self._now.set()
        self._thread.join(self._finish_timeout_s)
        self._webhook.wait()
        if missed := self._journal.count():
            run = self._folder.parent
            remedy = command(f"runs sync {run.name}", workspace=beside(run.parent))
            say(f"{missed} entries are not sent to the tracker yet: `{remedy}` sends them, and so does the next start")
        if self._thread.is_alive():
            self._journal.leave()
        else:
            self._journal.close()
            if not missed:
                shutil.rmtree(self._folder / "files", ignore_errors=True)

    def abandon(self) -> None:
        """Does nothing: there is no connection here to drop."""

    def _note(self, **note: Any) -> None:
        self._journal.add(note)

    def _forward(self) -> None:
        """The thread's work: every few seconds, or when told; after a failure, later and later."""
        pause, until = self._period, float("inf")
        while True:
            self._now.wait(pause)
            self._now.clear()
            if over := self._over.is_set():
                until = min(until, time.monotonic() + self._finish_timeout_s)
            if self._try():
                pause = self._period
                if over:
                    return
            else:
                pause = min(max(2 * pause, 1.0), 1.0 if over else LONGEST_PAUSE_S)
                if time.monotonic() + pause > until:
                    return

    def _try(self) -> bool:
        try:
            count = self._forwarder.deliver()
        except Exception as error:  # noqa: BLE001 (whatever a tracker's library raises, the training goes on)
            if not self._away:
                say(f"the tracker is away ({reason(error)}): the run goes on, and what it misses is sent later")
            self._away = True
            return False
        if self._away:
            say(f"the tracker is back: it got {count} notes that it had missed")
        self._away = False
        return True
