"""A context manager around one start of a run: opens the tracker, samples system metrics, logs how it ended."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shipworthy.core import events
from shipworthy.core.artifact import MANIFEST, Artifact, Manifest
from shipworthy.core.files import read_json
from shipworthy.core.groups import ComputeConfig, TrackerConfig
from shipworthy.core.interrupt import PRUNED, StopRequestedError
from shipworthy.track.record import record
from shipworthy.track.record.groups import measured
from shipworthy.track.record.identity import identity, model
from shipworthy.track.record.start_log import Outcome, StartLog
from shipworthy.track.record.system import Sampler
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.build import build
from shipworthy.track.trackers.forwarder import SPOOL
from shipworthy.track.trackers.protocol import Tracker

KEPT = (record.RECORD, record.DIFF, record.PACKAGES, record.PARAMS, "dvc.lock")
TOOK = ("selected_step", "seconds", "tokens", "peak_memory_mb")


@contextmanager
def tracked_run(
    folder: Path, tracker: TrackerConfig, compute: ComputeConfig, began: float, dataset: Artifact
) -> Iterator[Tracker]:
    """Yields the run's tracker; when the block ends, starts.jsonl and the tracker are told how.

    Args:
        folder: of the run, in which its record stands.
        began: when the command did (seconds since the epoch).
        dataset: that it learns from.
    """
    about = read_json(folder / record.RECORD)
    tracking: Tracker = BufferedTracker(tracker, folder / SPOOL) if tracker.kind != "none" else build(tracker)
    start = StartLog(folder)
    tracking.start(identity(about, folder, dataset))
    for file in KEPT:
        if (folder / file).is_file():
            tracking.keep(folder / file)
    start.begin(began, compute)
    sampler = Sampler(folder, float(getattr(tracker, "system_s", 10.0)), tracking.sample)
    sampler.start()
    outcome: Outcome = "failed"
    said = ""
    try:
        with events.subscribed(start.note):
            yield tracking
        outcome = "finished"
    except StopRequestedError as error:
        outcome, said = "pruned" if error.signal_name == PRUNED else "killed", str(error)
        raise
    except BaseException as error:
        outcome = "killed" if isinstance(error, KeyboardInterrupt) else "failed"
        said = (str(error) or type(error).__name__).splitlines()[0]
        raise
    finally:
        sampler.stop()
        start.end(outcome, said)
        if outcome == "finished":
            _tell(tracking, about, folder / "checkpoint")
        tracking.finish(outcome)


def _tell(tracking: Tracker, about: Mapping[str, Any], folder: Path) -> None:
    """What came out: the metric with its interval, what it took, and the model."""
    training = read_json(folder / "training.json")
    tracking.summary({f"training/{name}": training[name] for name in TOOK if training.get(name) is not None})
    checkpoint = Artifact(folder, Manifest(**read_json(folder / MANIFEST)))  # written by this very process
    tracking.model(model(about, checkpoint, measured(training)))
