"""From a config to a tracker; the tracker is the file that has the name of the config's kind."""

import importlib

from shipworthy.core.groups import TrackerConfig
from shipworthy.track.trackers.protocol import Tracker


def build(config: TrackerConfig) -> Tracker:
    """The tracker of a config; nothing is written before its `start`."""
    package = __name__.rpartition(".")[0]
    tracker: Tracker = importlib.import_module(f"{package}.{config.kind}").create(config)
    return tracker
