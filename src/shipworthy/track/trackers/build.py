"""From a config to a tracker; the tracker is the file that has the name of the config's kind."""

from shipworthy.core.groups import TrackerConfig
from shipworthy.core.lazy import Lazy
from shipworthy.track.trackers.protocol import Tracker

TRACKERS = Lazy("shipworthy.track.trackers.{tracker.kind}")


def build(config: TrackerConfig) -> Tracker:
    """The tracker of a config; nothing is written before its `start`."""
    tracker: Tracker = TRACKERS.load(config).create(config)
    return tracker
