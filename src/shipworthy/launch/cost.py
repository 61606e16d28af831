"""The cost of jobs by Slurm's accounting; requeued attempts count too."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shipworthy.launch.records import Attempt

CUT_OFF = ("PREEMPTED", "REQUEUED", "NODE_FAIL")
"""How an attempt ends that another one follows."""
HOUR_S = 3600.0


@dataclass(frozen=True)
class Hours:
    """Hours of what was allocated, whether it was busy or not: GPU-hours, CPU-hours, node-hours."""

    gpu: float = 0.0
    cpu: float = 0.0
    node: float = 0.0

    def __add__(self, other: "Hours") -> "Hours":
        """The sum, kind by kind."""
        return Hours(self.gpu + other.gpu, self.cpu + other.cpu, self.node + other.node)


@dataclass(frozen=True)
class Cost:
    """What jobs cost.

    Attributes:
        jobs: how many have run.
        attempts: how often they were started, in all.
        total: all attempts.
        preempted: of it, what came after the last checkpoint before a requeue or a retry: work that was done again.
        failed: of it, all attempts of jobs that gave no result.
        queue_s: time that attempts waited though they could have run (seconds, over all).
        longest_queue_s: the longest of these (seconds).
        held_s: time that they could not have run: Slurm's delay after a requeue, the sweep's own limit of jobs at a
            time (seconds, over all).
        price_per_hour: of one node (in `currency`).
        gpus_recorded: false if GPUs were asked for and the accounting has none; then they are counted as asked for.
    """

    jobs: int
    attempts: int
    total: Hours
    preempted: Hours
    failed: Hours
    queue_s: float
    longest_queue_s: float
    held_s: float
    price_per_hour: float
    currency: str
    gpus_recorded: bool = field(default=True)

    @property
    def money(self) -> float:
        """Node-hours times the price of a node's hour, as if each job had its nodes for itself (in `currency`)."""
        return self.total.node * self.price_per_hour

    def lines(self) -> list[str]:
        """For printing."""
        found = [f"{_count(self.jobs, 'job')} in {_count(self.attempts, 'start')}: {self._hours(self.total)}"]
        if self.price_per_hour:
            found[0] += f" (a node's hour at {self.price_per_hour:g} {self.currency})"
        held = f"; held back for {_time(self.held_s)} by requeues and limits" if self.held_s else ""
        found.append(f"waited {_time(self.queue_s)} in the queue, at most {_time(self.longest_queue_s)}{held}")
        found.append(f"done again after preemption, requeue or a failed node: {self._hours(self.preempted)}")
        found.append(f"in jobs that gave no result: {self._hours(self.failed)}")
        if not self.gpus_recorded:
            found.append("GPU-hours are counted as asked for: this cluster's AccountingStorageTRES lacks gres/gpu")
        return found

    def _hours(self, hours: Hours) -> str:
        if not hours.node:
            return "nothing"
        parts = [f"{hours.gpu:.3g} GPU-hours"] if hours.gpu else []
        parts += [f"{hours.cpu:.3g} CPU-hours", f"{hours.node:.3g} node-hours"]
        if self.price_per_hour:
            parts.append(f"{hours.node * self.price_per_hour:.3g} {self.currency}")
        if 0 < hours.node < self.total.node:
            parts.append(f"{hours.node / self.total.node:.0%} of all")
        return ", ".join(parts)


def cost(
    attempts: Iterable[Attempt],
    *,
    failed: Collection[str] = (),
    retried: Collection[str] = (),
    kept_s: Mapping[tuple[str, int], float] | None = None,
    gpus_per_node: int = 0,
    price_per_hour: float = 0.0,
    currency: str = "",
) -> Cost:
    """Adds up what jobs cost.

    Args:
        attempts: all attempts of all jobs, from `sacct`, in any order.
        failed: the jobs (`ARRAY_TASK`) that failed or were lost.
        retried: those that were submitted again under another id, which goes on from their checkpoints.
        kept_s: by job and restart (from 0), how long an attempt ran until its last checkpoint (seconds), from
            `kept_seconds`; an attempt that is not in it and was cut off is counted as lost whole.
        gpus_per_node: what the jobs asked for, for clusters whose accounting records no GPUs.
        price_per_hour: of the machine that conf/compute describes: one allocated node for an hour (in `currency`).
    """
    begun = sorted((one for one in attempts if one.start is not None), key=lambda one: (one.job, one.start or 0))
    unrecorded = gpus_per_node > 0 and bool(begun) and not any(one.gpus for one in begun)
    total = preempted = lost = Hours()
    restarts: dict[str, int] = {}
    for one in begun:
        restart = restarts[one.job] = restarts.get(one.job, -1) + 1
        gpus = one.nodes * gpus_per_node if unrecorded else one.gpus
        total += _hours(one, gpus, one.elapsed_s)
        if one.job in failed:
            lost += _hours(one, gpus, one.elapsed_s)
        elif one.state in CUT_OFF or one.job in retried:
            kept = (kept_s or {}).get((one.job, restart), 0.0)
            preempted += _hours(one, gpus, max(0.0, one.elapsed_s - kept))
    waits = [max(0.0, (one.start or 0) - max(one.submit or 0, one.eligible or 0)) for one in begun]
    held = [max(0.0, one.eligible - one.submit) for one in begun if one.eligible and one.submit]
    return Cost(
        jobs=len(restarts),
        attempts=len(begun),
        total=total,
        preempted=preempted,
        failed=lost,
        queue_s=sum(waits),
        longest_queue_s=max(waits, default=0.0),
        held_s=sum(held),
        price_per_hour=price_per_hour,
        currency=currency,
        gpus_recorded=not unrecorded,
    )


def kept_seconds(statuses: Iterable[Mapping[str, Any] | None]) -> dict[tuple[str, int], float]:
    """How long attempts ran until their last checkpoint (seconds), by job and restart, from jobs' status files."""
    told: Sequence[Mapping[str, Any]] = [one for status in statuses if status for one in status["attempts"]]
    return {(one["job"], one["restart"]): max(0.0, one["kept"] - one["began"]) for one in told if one.get("kept")}


def _hours(one: Attempt, gpus: int, seconds: float) -> Hours:
    return Hours(gpus * seconds / HOUR_S, one.cpus * seconds / HOUR_S, one.nodes * seconds / HOUR_S)


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"


def _time(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 600 else f"{seconds / HOUR_S:.3g} h"
