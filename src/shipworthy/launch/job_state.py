"""What became of a job: its own status file and step count decide, together with what Slurm says. No I/O here.

Slurm knows whether a batch script ended, not whether the work is done: it calls a job COMPLETED that raised, and one
FAILED that had finished when a late signal hit it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from shipworthy.launch.records import Attempt, Queued

LAG_S = 60.0
"""How long Slurm's accounting may know nothing of a new job, and a status file take to be seen here (seconds)."""

WAITS = {"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT"}
RUNS = {"RUNNING", "CONFIGURING", "COMPLETING", "RESIZING", "SIGNALING", "STAGE_OUT", "STOPPED", "SUSPENDED"}

MEANING = {
    "TIMEOUT": "it reached its time limit",
    "DEADLINE": "its deadline came",
    "OUT_OF_MEMORY": "it took more memory than it had asked for",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node did not boot",
    "PREEMPTED": "another job took its place",
    "CANCELLED": "somebody cancelled it",
    "COMPLETED": "its process ended without saying how",
    "FAILED": "its process was ended, and could not say why",
    "REQUEUED": "it was put back into the queue, and is not there any more",
}


class State(StrEnum):
    """What a job is."""

    WAITING = "waiting"
    RUNNING = "running"
    GOING_ON = "going on"
    """It has run, is back in the queue, and will go on from its checkpoint."""
    FINISHED = "finished"
    FAILED = "failed"
    LOST = "lost"
    """Slurm ended it, and it will not come back by itself."""
    CANCELLED = "cancelled"
    NEVER = "never submitted"

    @property
    def over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return self not in (State.WAITING, State.RUNNING, State.GOING_ON)

    @property
    def again(self) -> bool:
        """Whether `retry-failed` submits it again."""
        return self in (State.FAILED, State.LOST, State.NEVER)


@dataclass(frozen=True)
class Known:
    """What the sweep itself knows of a job.

    Attributes:
        sweep: the sweep's id.
        folder: the job's.
        job: its newest Slurm id, `ARRAY_TASK` (empty: it has none).
        submitted: when it was, or was about to be, submitted last (epoch s; None: never).
        cancelled: whether the sweep was told to cancel it.
    """

    sweep: str
    folder: Path
    job: str = ""
    submitted: float | None = None
    cancelled: bool = False


@dataclass(frozen=True)
class JobState:
    """What became of a job.

    Attributes:
        said: one sentence, or nothing where the state says it all.
        step: the last step that it told of (None: none).
        steps: how many are planned (None: not told, or it has no steps).
        restarts: how often it was started again.
        job: its newest Slurm id.
    """

    state: State
    said: str
    step: int | None
    steps: int | None
    restarts: int
    job: str


def job_state(
    known: Known,
    status: Mapping[str, Any] | None,
    attempts: Sequence[Attempt] | None,
    queued: Sequence[Queued],
    *,
    now: float,
) -> JobState:
    """What one job is at.

    Args:
        status: its status file; None: it has written none.
        attempts: its rows of the accounting, oldest first, under all ids that it ever had; None: the accounting is
            off, or does not answer.
        queued: its rows of the queue, the truth of now.
        now: epoch s.
    """
    told = list((status or {}).get("attempts", ()))
    if told and not known.job:  # the submitter was killed before it noted the id; the job noted it itself
        known = replace(known, job=told[-1]["job"])
    own = [one for one in attempts or () if one.job == known.job]
    entry = next((one for one in queued if one.job == known.job), None)
    begun = len([one for one in attempts or () if one.start is not None])
    fresh = bool(told) and told[-1].get("job") == known.job  # else the file is of an earlier submission
    step, steps = ((status or {}).get(key) for key in ("step", "steps"))
    state, said = _finished(status) or _slurm(known, status if fresh else None, own, attempts is None, entry, now)
    return JobState(state, said, step, steps, max(len(told), begun, 1) - 1, known.job)


Finding = tuple[State, str]


def _finished(status: Mapping[str, Any] | None) -> Finding | None:
    """A job that says it is done is done, whatever Slurm says, if its steps say so too."""
    if status is None or status["state"] != "finished":
        return None
    step, steps = status.get("step"), status.get("steps")
    if steps is not None and step != steps:
        return State.FAILED, f"it calls itself finished after {step} of {steps} steps: look at its log."
    return State.FINISHED, ""


def _slurm(
    known: Known,
    status: Mapping[str, Any] | None,
    own: Sequence[Attempt],
    silent: bool,
    entry: Queued | None,
    now: float,
) -> Finding:
    """For a job that has not finished; `status` is None, too, if it is of an earlier submission."""
    last = own[-1] if own else None
    if entry is not None and entry.state in WAITS | RUNS:
        return _alive(known, status, entry, own, now)
    if status is not None and status["state"] == "failed":
        return State.FAILED, str(status.get("said", ""))
    if known.cancelled:
        return State.CANCELLED, ""
    return _lagging(known, status, last, entry, now) or _ended(known, status, last, silent, entry, now)


def _lagging(
    known: Known, status: Mapping[str, Any] | None, last: Attempt | None, entry: Queued | None, now: float
) -> Finding | None:
    """For a job of which Slurm, or its file, is about to tell more."""
    new = known.submitted is not None and now - known.submitted < LAG_S
    if entry is None and last is None and status is None and new:
        return State.WAITING, "Slurm does not list it yet."
    if entry is None and last is not None and last.state in WAITS and now - (last.end or last.submit or 0) < LAG_S:
        return (State.GOING_ON if status or last.start else State.WAITING), "Slurm puts it back into the queue."
    word = entry.state if entry else last.state if last else ""
    ended = (last.end if last else None) or float((status or {}).get("written", 0))
    if word == "COMPLETED" and now - ended < LAG_S:
        return State.RUNNING, "its process has just ended; its status file has yet to be seen here."
    return None


def _alive(
    known: Known, status: Mapping[str, Any] | None, entry: Queued, own: Sequence[Attempt], now: float
) -> Finding:
    """For a job in the queue, waiting or running."""
    if entry.state in WAITS:
        again = status is not None or any(one.start is not None for one in own)
        reason = f"it waits: {entry.reason}" if entry.reason else ""
        return (State.GOING_ON if again else State.WAITING), reason
    if status is None:
        if entry.start is not None and now - entry.start > LAG_S:
            return State.RUNNING, (
                f"it has run for {now - entry.start:.0f} s without writing anything to {known.folder}: "
                f"does node {entry.node_list} see that folder?"
            )
        return State.RUNNING, f"it starts on {entry.node_list}" if entry.node_list else "it starts"
    if status["state"] == "failed":  # its process is about to end
        return State.FAILED, str(status.get("said", ""))
    return State.RUNNING, ""


def _ended(
    known: Known,
    status: Mapping[str, Any] | None,
    last: Attempt | None,
    silent: bool,
    entry: Queued | None,
    now: float,
) -> Finding:
    """For a job that is not in the queue any more and has not said how it ended."""
    if not known.job:
        return State.NEVER, f"Slurm knows no job of the name {known.sweep}: {_again(known, status)}."
    word = entry.state if entry else last.state if last and last.end is not None else ""
    node = (entry.node_list if entry else "") or (last.node_list if last else "")
    if status is None and word == "CANCELLED" and not node:
        return State.CANCELLED, "it was cancelled before it began."
    if word:
        says = f"Slurm says {word}{f' on {node}' if node else ''} ({MEANING.get(word, 'its process ended')})"
    elif silent:
        says = "Slurm no longer lists it, and there is no accounting to say how it ended"
    else:
        says = f"Slurm knows nothing more of job {known.job}"
    if status is not None:
        if status["state"] == "stopped" and status.get("said"):
            says += f"; its last message: {str(status['said']).rstrip('.')}"
        return State.LOST, f"{says}: {_again(known, status)}."
    if word and not node:
        return State.LOST, f"{says}, before it began: {_again(known, status)}."
    return State.LOST, f"{says}, and it wrote nothing to {known.folder}: does {node or 'its node'} see that folder?"


def _again(known: Known, status: Mapping[str, Any] | None) -> str:
    rest = "goes on from its last checkpoint" if status and status.get("step") else "submits it again"
    return f"`shipworthy sweep retry-failed {known.sweep}` {rest}"
