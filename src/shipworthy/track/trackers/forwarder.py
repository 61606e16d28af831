"""Forwards the notes of a journal to a tracker that may be unreachable."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from shipworthy.core.files import read_json, write_json
from shipworthy.core.groups import TrackerConfig
from shipworthy.core.progress import say
from shipworthy.core.schema import SCHEMAS
from shipworthy.core.secrets import redact
from shipworthy.track.trackers import schema
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.identity import Identity, Model
from shipworthy.track.trackers.journal import Journal, Note
from shipworthy.track.trackers.protocol import Tracker

SPOOL = "tracker"
"""The folder in a run's folder."""
METADATA = "run.json"
AT_ONCE = 1000
TRIES = 3
"""How often a tracker that can be reached may refuse one and the same note, before it is left out."""
assert schema  # whose import declares the schemas


@dataclass(frozen=True)
class RunMetadata:
    """What it takes to open a run in a tracker.

    Attributes:
        run: who it is.
        tracker: the tracker's own config.
    """

    run: Identity
    tracker: TrackerConfig

    def write(self, folder: Path) -> None:
        """Keeps it, so that another process can open the run as well."""
        write_json(folder / METADATA, redact({"run": self.run.to_json(), "tracker": asdict(self.tracker)}))

    @classmethod
    def read(cls, folder: Path) -> "RunMetadata":
        """What `write` wrote."""
        found = read_json(folder / METADATA)
        return cls(Identity.from_json(found["run"]), tracker_of(found["tracker"]))

    def open(self) -> Tracker:
        """Opens the run, or opens it again."""
        tracker = build(self.tracker)
        tracker.start(self.run)
        return tracker


def tracker_of(plain: Mapping[str, Any]) -> TrackerConfig:
    """A tracker's config from a record or a file of parameters."""
    settings = dict(plain)
    config: TrackerConfig = SCHEMAS["tracker"][settings.pop("kind")](**settings)  # type: ignore[assignment]
    return config


class Forwarder:
    """Forwards notes, oldest first. After any error the next attempt opens the run again and goes on."""

    def __init__(self, metadata: RunMetadata, journal: Journal, folder: Path) -> None:
        """Connects to nothing yet."""
        self._metadata, self._journal, self._folder = metadata, journal, folder
        self.tracker: Tracker | None = None
        """None where it must be opened: at first, after a failure, and after a note that closed the run."""
        self._at_once = AT_ONCE
        self._refused = 0

    def connect(self) -> Tracker:
        """The open tracker."""
        if self.tracker is None:
            self.tracker = self._metadata.open()
        return self.tracker

    def deliver(self) -> int:
        """Forwards what waits now; how many notes that were. Raises what the tracker raises."""
        count, due = 0, self._journal.count()
        while count < due and (notes := self._journal.waiting(self._at_once)):
            try:
                for note in notes:
                    self._forward(self.connect(), note)
                if self.tracker is not None:
                    self.tracker.deliver()
            except Exception as error:
                if self.tracker is None:  # it can't even be opened
                    self._refused = 0
                else:
                    self.tracker.abandon()
                    self._after_refusal(notes, error)
                self.tracker = None
                raise
            self._journal.delivered(len(notes))
            count += len(notes)
            self._at_once, self._refused = AT_ONCE, 0
        return count

    def _after_refusal(self, notes: list[Note], error: Exception) -> None:
        """A tracker that is there and still refuses: the one note that it refuses must not stop all others."""
        self._at_once = 1
        self._refused += len(notes) == 1
        if self._refused >= TRIES:
            self._journal.delivered(1)
            self._refused = 0
            say(f"the tracker takes anything but this, which is left out: {str(notes[0])[:200]} ({reason(error)})")

    def _forward(self, tracker: Tracker, note: Note) -> None:
        what = note["do"]
        if what == "log":
            tracker.log(note["metrics"], note["step"], note["at"])
        elif what == "sample":
            tracker.sample(note["values"], note["number"], note["at"])
        elif what == "summary":
            tracker.summary(note["values"])
        elif what == "model":
            tracker.model(Model(**note["made"]))
        elif what == "alert":
            tracker.alert(note["title"], note["text"], note["step"])
        elif what == "keep":
            if (file := self._folder / note["file"]).is_file():
                tracker.keep(file)
        elif what == "flush":
            tracker.flush()
        else:
            tracker.finish(note["status"])
            self.tracker = None


def sync(run: Path) -> int:
    """Sends what the tracker of a run in folder `run` has missed; how many notes that were.

    Raises:
        ShipworthyError: the run's own process is still at it, or the tracker can't be reached.
    """
    folder = run / SPOOL
    if not (folder / METADATA).is_file():
        return 0
    journal = Journal(folder)
    try:
        forwarder = Forwarder(RunMetadata.read(folder), journal, folder)
        count = forwarder.deliver()
        if forwarder.tracker is not None:  # the run was killed before it could say how it ended
            forwarder.tracker.finish("killed")
    finally:
        journal.close()
    return count


def spools(runs: Path) -> list[Path]:
    """The folders in runs/ with a tracker that may have missed something: of runs, campaigns and sweeps."""
    return sorted(path.parents[1] for level in ("*", "*/*") for path in runs.glob(f"{level}/{SPOOL}/{METADATA}"))


def reason(error: BaseException) -> str:
    """The first line of an error's sentence, without secrets."""
    return redact((str(error).strip() or type(error).__name__).splitlines()[0].rstrip(". ")[:300])
