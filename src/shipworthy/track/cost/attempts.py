"""The time that a campaign's workers held machines for its trials, from the trials' notes of their attempts."""

import time
from collections.abc import Iterable, Mapping
from typing import Any

from shipworthy.track.cost.spans import Span
from shipworthy.track.hpo.leases import Lease, Leases


def spans(
    trial: Mapping[str, Any], leases: Leases | None, per_hour: float, currency: str
) -> list[tuple[Mapping[str, Any], Span]]:
    """Each attempt at a trial with its time; one that ended without a word counts until it last renewed its lease.

    Args:
        trial: its note, trials/<number>.json.
        leases: the campaign's (None: they are not on this disk).
        per_hour, currency: the price of a machine's hour.
    """
    return [
        (one, Span(str(one["host"]), per_hour, currency, one["began"], _ended(trial, one, leases)))
        for one in trial.get("attempts") or []
    ]


def running(trial: Mapping[str, Any], attempt: Mapping[str, Any], leases: Leases | None) -> bool:
    """Whether a worker is at it now."""
    if attempt.get("ended") is not None or leases is None or (lease := _lease(trial, attempt, leases)) is None:
        return False
    try:
        return leases.alive(lease)
    except OSError:  # it asks the file system for the time, which may be read-only
        return False


def together(found: Iterable[tuple[Mapping[str, Any], Span]]) -> tuple[float, list[Span]]:
    """GPU-seconds and spans of attempts."""
    pairs = list(found)
    return sum(float(one.get("gpus") or 0) * span.seconds for one, span in pairs), [span for _, span in pairs]


def _ended(trial: Mapping[str, Any], attempt: Mapping[str, Any], leases: Leases | None) -> float:
    if attempt.get("ended") is not None:
        return float(attempt["ended"])
    if running(trial, attempt, leases):
        return time.time()
    lease = _lease(trial, attempt, leases)
    return max(float(attempt["began"]), lease.path.stat().st_mtime if lease else 0.0)


def _lease(trial: Mapping[str, Any], attempt: Mapping[str, Any], leases: Leases | None) -> Lease | None:
    """The one that the attempt was made under; None where it is not on this disk."""
    if leases is None:
        return None
    found = Lease(leases.folder, f"trial-{trial['number']}", int(attempt.get("lease") or 0))
    return found if found.path.is_file() else None
