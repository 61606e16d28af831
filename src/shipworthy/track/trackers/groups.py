"""How a campaign or a sweep ended, told to the tracker: a run of its own, the parent of its runs."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from shipworthy.core.groups import TrackerConfig
from shipworthy.track.trackers.buffered import BufferedTracker
from shipworthy.track.trackers.forwarder import SPOOL, RunMetadata
from shipworthy.track.trackers.identity import Group, Identity


def conclude(
    group: Group, tracker: TrackerConfig, folder: Path, values: Mapping[str, float | str], files: Sequence[Path] = ()
) -> None:
    """Tells what came of it. A tracker that is away gets it from `shipworthy runs sync`, as it does of a run.

    Args:
        tracker: that of its runs.
        folder: of the campaign or sweep.
        values: its summary.
        files: to be kept with it, as far as they are there.
    """
    if tracker.kind == "none":
        return
    run = Identity(group.id, group.name, group.description, tags={"command": group.kind}, group=group)
    RunMetadata(run, tracker).write(folder / SPOOL)  # known before it starts: so a tracker that is away is no error
    tracking = BufferedTracker(tracker, folder / SPOOL)
    tracking.start(run)
    tracking.summary(values)
    for file in files:
        if file.is_file():
            tracking.keep(file)
    tracking.finish("finished")
