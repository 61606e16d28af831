"""What the detectors found, and what follows of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shipworthy.train.monitor.schema import Monitor

History = Sequence[Mapping[str, Any]]
"""One flat entry per step, the oldest first."""

SEVERITY = ("warn", "skip", "finish", "rollback", "stop")


@dataclass(frozen=True)
class Finding:
    """A condition that should not be.

    Attributes:
        detector: its name in `trainer.monitor`.
        action: warn, skip, finish, rollback or stop.
        step: at which it was found.
        value, limit: what was measured, and what it would have to be on the other side of.
        sentence: what is wrong, where, and what to do.
        since: the step at which it began.
        good: a rollback goes to the checkpoint of this step or of one before (0: the run's first weights). Step `since`
            was computed with the weights after step `since - 1`, so that these are suspect too.
    """

    detector: str
    action: str
    step: int
    value: float
    limit: float
    sentence: str
    since: int
    good: int


@dataclass(frozen=True)
class Detection:
    """What one detector saw, before the config says what is done about it; the fields are those of `Finding`."""

    value: float
    limit: float
    since: int
    sentence: str


def decide(findings: Sequence[Finding], rollbacks: int, config: Monitor) -> Finding | None:
    """The finding whose action is to be done: the most severe, of equals the first; None if all only warn.

    Args:
        rollbacks: done so far in this run; the one after `rollback.most` becomes a stop.
    """
    worst = max(findings, key=lambda finding: SEVERITY.index(finding.action), default=None)
    if worst is None or worst.action == "warn":
        return None
    if worst.action == "rollback" and rollbacks >= config.rollback.most:
        said = (
            f"{worst.sentence} The run went back {rollbacks} times (trainer.monitor.rollback.most) and still ends here."
        )
        return replace(worst, action="stop", sentence=said)
    return worst


def rate_factor(rollbacks: int, config: Monitor) -> float:
    """By what the schedule's rate is multiplied after so many rollbacks."""
    return config.rollback.factor**rollbacks
