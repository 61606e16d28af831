"""How a sweep stands: each job's state, the table of them, the failures with their last lines, the cost."""

import textwrap
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from shipworthy.core import yaml_text
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.progress import say
from shipworthy.evaluation.metric import metric
from shipworthy.launch import slurm
from shipworthy.launch.cost import Cost, cost, kept_seconds
from shipworthy.launch.job_state import JobState, Known, State, job_state
from shipworthy.launch.records import Attempt, Queued
from shipworthy.launch.retry import with_retries
from shipworthy.launch.sweep import PARAMS, Sweep

SECONDS_BETWEEN_LOOKS = 3.0
CLOCK_SKEW_S = 600.0
SHOWN_CHARACTERS = 60


@dataclass(frozen=True)
class SweepStatus:
    """A sweep at one moment.

    Attributes:
        jobs: one for each job, in their order.
        ids: all ids that each of them ever had in Slurm.
        statuses: their status files.
        attempts: the accounting's rows of all jobs; None where it says nothing, then `silent` says why.
    """

    sweep: Sweep
    jobs: list[JobState]
    ids: list[set[str]]
    statuses: list[dict[str, Any] | None]
    attempts: list[Attempt] | None
    silent: str

    @property
    def over(self) -> bool:
        """Whether nothing more will happen by itself."""
        return all(job.state.over for job in self.jobs)

    def metric(self, number: int) -> float | None:
        """A finished job's validation metric, if its command has one."""
        finished = self.jobs[number].state is State.FINISHED
        return (self.statuses[number] or {}).get("metric") if finished else None

    def best(self) -> int | None:
        """The job with the best metric (ties: the first)."""
        found = {n: value for n in range(self.sweep.size) if (value := self.metric(n)) is not None}
        if not found:
            return None
        name = yaml_text.read(self.sweep.job(0) / PARAMS)["task"]["metric"]
        return (max if metric(name).GREATER_IS_BETTER else min)(found, key=lambda n: found[n])

    def cost(self) -> Cost | None:
        """What it cost so far; None where Slurm has no accounting."""
        if self.attempts is None:
            return None
        compute = yaml_text.read(self.sweep.job(0) / PARAMS)["compute"]
        jobs = list(zip(self.jobs, self.ids, strict=True))
        return cost(
            self.attempts,
            failed={one for v, ids in jobs if v.state.over and v.state is not State.FINISHED for one in ids},
            retried={one for v, ids in jobs for one in ids if one != v.job},
            kept_s=kept_seconds(self.statuses),
            gpus_per_node=int(self.sweep.record["settings"].get("gpus_per_node") or 0),
            price_per_hour=float(compute["price_per_hour"]),
            currency=str(compute["currency"]),
        )

    def document(self) -> dict[str, Any]:
        """The same for `--json`: each job with its state, overrides, steps, restarts, run and metric."""
        jobs = [
            {
                "job": number,
                "slurm": job.job,
                "state": str(job.state),
                "overrides": list(self.sweep.record["jobs"][number]["overrides"]),
                "step": job.step,
                "steps": job.steps,
                "restarts": job.restarts,
                "run": (self.statuses[number] or {}).get("run_id"),
                "metric": self.metric(number),
                "said": job.said,
            }
            for number, job in enumerate(self.jobs)
        ]
        return {"sweep": self.sweep.name, "command": self.sweep.record["command"], "jobs": jobs, "over": self.over}


def look(sweep: Sweep) -> SweepStatus:
    """Asks the jobs' status files and Slurm.

    Raises:
        ShipworthyError: there is no Slurm on this machine, or it does not answer.
    """
    sweep.refresh()  # another shell may have cancelled it, or submitted jobs again
    queued = slurm.squeue(name=sweep.name)
    accounting = slurm.sacct(name=sweep.name, since=sweep.record["made"] - CLOCK_SKEW_S)
    attempts = None if accounting.silent else accounting.attempts
    listed = {one.job for one in queued} | {one.job for one in accounting.attempts}
    if note_unnoted(sweep.record["submissions"], listed):
        sweep.save()
    queued = spread(queued, sweep.record["submissions"], listed)
    jobs, all_ids, statuses = [], [], []
    for number in range(sweep.size):
        status = sweep.status(number)
        known, ids = _known(sweep, number, status)
        own = None if attempts is None else [one for one in attempts if one.job in ids]
        jobs.append(job_state(known, status, own, [one for one in queued if one.job in ids], now=time.time()))
        all_ids.append(ids)
        statuses.append(status)
    return SweepStatus(sweep, jobs, all_ids, statuses, attempts, accounting.silent)


def note_unnoted(submissions: Sequence[dict[str, Any]], jobs: Collection[str]) -> bool:
    """Finds the arrays of submissions whose submitter was killed before it noted their ids; whether it found one.

    Slurm may not know all tasks of an array (yet), but none that was not submitted; and it counts its ids upwards.

    Args:
        submissions: a sweep's, oldest first; `job` is set in those that are found.
        jobs: `ARRAY_TASK`, or `ARRAY` alone, of all jobs that have the sweep's name.
    """
    tasks: dict[int, set[int]] = {}
    for array, _, task in (job.partition("_") for job in jobs):
        tasks.setdefault(int(array), set()).update([int(task)] if task else [])
    found = False
    for number in reversed(range(len(submissions))):
        if submissions[number]["job"] is None:
            before, after = (
                [int(s["job"]) for s in part if s["job"]] for part in (submissions[:number], submissions[number + 1 :])
            )
            own = [a for a, seen in tasks.items() if seen <= {*submissions[number]["indices"]}]
            if between := [a for a in own if max(before, default=0) < a < min(after, default=a + 1)]:
                submissions[number]["job"] = str(max(between))
                found = True
    return found


def spread(queued: Sequence[Queued], submissions: Sequence[dict[str, Any]], listed: Collection[str]) -> list[Queued]:
    """Gives each task of an array its row, where Slurm lists the array alone: its waiting tasks were cancelled."""
    found = []
    for one in queued:
        tasks = [f"{s['job']}_{n}" for s in submissions if s["job"] == one.job for n in s["indices"]]
        found += [replace(one, job=job) for job in tasks if job not in listed] if tasks else [one]
    return found


def _known(sweep: Sweep, number: int, status: Mapping[str, Any] | None) -> tuple[Known, set[str]]:
    """What the sweep knows of a job, and all the ids it ever had."""
    own = [one for one in sweep.record["submissions"] if number in one["indices"]]
    told = [one["job"] for one in (status or {}).get("attempts", ())]
    ids = [f"{one['job']}_{number}" for one in own if one["job"] is not None]
    job = ids[-1] if own and own[-1]["job"] is not None else ""
    known = Known(
        sweep=sweep.name,
        folder=sweep.job(number),
        job=job,
        submitted=own[-1]["at"] if own else None,
        cancelled=(job or next(reversed(told), "")) in sweep.record["cancelled"],
    )
    return known, {*ids, *told}


def follow(sweep: Sweep) -> SweepStatus:
    """Waits until all jobs are over, with a line whenever something changes, and shows what came out.

    Raises:
        ShipworthyError: Slurm has not answered for minutes.
    """
    before: list[tuple[State, int]] = []
    said = 0.0
    while True:
        sweep_status = with_retries(lambda: look(sweep))
        states = [(job.state, job.restarts) for job in sweep_status.jobs]
        if states != before or time.monotonic() - said > 60.0:
            say(_summary(sweep_status))
            before, said = states, time.monotonic()
        if sweep_status.over:
            show(sweep_status)
            return sweep_status
        time.sleep(SECONDS_BETWEEN_LOOKS)


def expect_results(sweep_status: SweepStatus) -> None:
    """Refuses a sweep that is over and has not all its results.

    Raises:
        ShipworthyError: with the numbers of the jobs that gave none.
    """
    failed = [str(n) for n, job in enumerate(sweep_status.jobs) if job.state is not State.FINISHED]
    if failed:
        sweep = sweep_status.sweep
        raise ShipworthyError(
            f"{len(failed)} of {sweep.size} jobs gave no result (job {', '.join(failed)}; each is listed above): "
            f"`shipworthy sweep retry-failed {sweep.name}` submits them again, from their last checkpoints."
        )


def _summary(sweep_status: SweepStatus) -> str:
    states = [job.state for job in sweep_status.jobs]
    counts = ", ".join(f"{states.count(state)} {state}" for state in State if state in states)
    done, planned = (sum(getattr(v, key) or 0 for v in sweep_status.jobs) for key in ("step", "steps"))
    return f"{time.strftime('%H:%M:%S')}  {counts}{f'; {done} of {planned} steps' if planned else ''}"


def show(sweep_status: SweepStatus) -> None:
    """Prints the table, each failure with its last lines, and the cost."""
    sweep = sweep_status.sweep
    rows = [_row(sweep_status, number) for number in range(sweep.size)]
    heads = ("job", "Slurm", "state", "steps", "restarts", "metric", "overrides")
    widths = [max(len(row[column]) for row in [heads, *rows]) for column in range(len(heads))]
    for row in (heads, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())
    for number, job in enumerate(sweep_status.jobs):
        if job.said:
            say(f"\njob {number} {job.state}: {job.said}")
        if job.state in (State.FAILED, State.LOST):
            say(f"  {sweep.overrides(number)}")
            for line in sweep.last_lines(number):
                say(f"  | {line}")
            say(f"  ({sweep.job(number)})")
    found = sweep_status.cost()
    say("\n" + ("\n".join(found.lines()) if found else f"no cost: {sweep_status.silent}"))


def _row(sweep_status: SweepStatus, number: int) -> Sequence[str]:
    job, metric = sweep_status.jobs[number], sweep_status.metric(number)
    steps = f"{job.step or 0}/{job.steps}" if job.steps else ""
    return (
        str(number),
        job.job,
        str(job.state),
        steps,
        str(job.restarts),
        "" if metric is None else f"{metric:.4f}",
        textwrap.shorten(sweep_status.sweep.overrides(number), SHOWN_CHARACTERS, placeholder=" …"),
    )
