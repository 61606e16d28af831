"""Work of a run that was repeated after a kill: the steps since the last checkpoint."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Any

from shipworthy.track.cost.run_intervals import RunInterval

SAVED_FIRST = ("killed", "stopped", "pruned", "finished")
"""A start that ended so has saved at its last step's boundary: nothing is done again."""


@dataclass(frozen=True)
class RepeatedWork:
    """Seconds that were repeated: an estimate with its bounds."""

    value: float = 0.0
    low: float = 0.0
    high: float = 0.0

    def __add__(self, other: "RepeatedWork") -> "RepeatedWork":
        """The sum, with the sums of the ends."""
        return RepeatedWork(self.value + other.value, self.low + other.low, self.high + other.high)


def repeated_work(
    intervals: Sequence[RunInterval], history: Sequence[Mapping[str, Any]], trainer: Mapping[str, Any]
) -> RepeatedWork:
    """What came after the last checkpoint before a start broke off, and was done again by the next.

    Where both said at which step they stood, it is counted; else it is at most what lies between two checkpoints, and
    the whole start where the trainer makes none.

    Args:
        history: of the steps, with `step_s` (seconds).
        trainer: the run's config of that group.
    """
    steps = [float(entry["step_s"]) for entry in history if "step_s" in entry]
    total = RepeatedWork()
    for broken, following in pairwise(intervals):
        total += _between(broken, following, median(steps) if steps else None, trainer.get("checkpoint_every"))
    return total


def _between(broken: RunInterval, following: RunInterval, step_s: float | None, every: int | None) -> RepeatedWork:
    if step_s is not None and broken.start.step is not None and following.from_step is not None:
        known = min(broken.seconds, max(0, broken.start.step - following.from_step) * step_s)
        return RepeatedWork(known, known, known)
    if broken.known and broken.start.status in SAVED_FIRST:
        return RepeatedWork()
    if step_s is None or not every:
        return RepeatedWork(broken.seconds, broken.seconds, broken.seconds) if not every else _upto(broken.seconds)
    return _upto(min(broken.seconds, every * step_s))


def _upto(most: float) -> RepeatedWork:
    return RepeatedWork(most / 2, 0.0, most)
