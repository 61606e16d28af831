"""A campaign's workers on a Slurm cluster: the jobs of one array, which work without the process that supervises."""

import os
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.execution.executors.protocol import SlotState, SlotStatus
from shipworthy.launch.job_state import JobState, State
from shipworthy.launch.retry import with_retries
from shipworthy.launch.script import render
from shipworthy.launch.site import read_site
from shipworthy.launch.submit import checked
from shipworthy.launch.submit import submit as submit_jobs
from shipworthy.launch.sweep import STATUS, Sweep
from shipworthy.launch.sweep_status import SECONDS_BETWEEN_LOOKS, look
from shipworthy.track.hpo.campaign import PARAMS, Campaign

STATUSES = {
    State.WAITING: SlotStatus.WAITING,
    State.GOING_ON: SlotStatus.WAITING,
    State.RUNNING: SlotStatus.RUNNING,
    State.FINISHED: SlotStatus.FINISHED,
    State.FAILED: SlotStatus.FAILED,
    State.LOST: SlotStatus.LOST,
    State.CANCELLED: SlotStatus.CANCELLED,
    State.NEVER: SlotStatus.IDLE,
}


class SlurmExecutor:
    """Jobs of a sweep, one for each slot.

    It goes on with the campaign's last sweep, unless that is over and other settings, or as many workers, are asked
    for now.

    Args:
        settings: of the launcher.

    Raises:
        ShipworthyError: no Slurm, or one that does not answer.
    """

    detached: ClassVar[bool] = True
    seconds_between_polls: ClassVar[float] = SECONDS_BETWEEN_LOOKS

    def __init__(self, campaign: Campaign, settings: Mapping[str, Any]) -> None:
        self.campaign, self.settings = campaign, settings
        self.sweep = self._resumed()

    def submit(self, slots: Sequence[int]) -> None:
        """Sends their jobs into the queue.

        Raises:
            ShipworthyError: no Slurm, or one that refuses them.
        """
        self.sweep = self.sweep or self._new()
        for number in slots:
            if (status := self.sweep.status(number)) is not None:  # what it says is of the last time
                write_json(self.sweep.job(number) / STATUS, {**status, "state": "stopped", "said": ""})
        submit_jobs(self.sweep, slots)

    def poll(self) -> list[SlotState]:
        """How the jobs are, by their own status files and by Slurm.

        Raises:
            ShipworthyError: Slurm has not answered for minutes.
        """
        if self.sweep is None:
            return [SlotState(number, SlotStatus.IDLE) for number in range(self.campaign.settings.workers)]
        found = with_retries(partial(look, self.sweep))
        return [self._state(self.sweep, number, job) for number, job in enumerate(found.jobs)]

    def stop(self, *, kill: bool = False) -> None:
        """Does nothing: the jobs go on; `shipworthy sweep cancel` ends them."""

    def _state(self, sweep: Sweep, number: int, job: JobState) -> SlotState:
        said, _, _ = job.said.partition(": `shipworthy sweep")  # what to do about it is the supervisor's part
        return SlotState(number, STATUSES[job.state], said, sweep.job(number))

    def _resumed(self) -> Sweep | None:
        if not self.campaign.record["sweeps"]:
            return None
        last = Sweep.find(self.campaign.root, self.campaign.record["sweeps"][-1])
        same = last.size == self.campaign.settings.workers and last.record["settings"] == dict(self.settings)
        return last if same or not with_retries(partial(look, last)).over else None

    def _new(self) -> Sweep:
        made = sweep_of(self.campaign, self.settings)
        made.make([(self.campaign.folder / PARAMS).read_text(encoding="utf-8")] * made.size)
        checked(made)
        self.campaign.record["sweeps"].append(made.name)
        self.campaign.save()
        say(f"`{self.campaign.command}` with the same launcher follows it, and submits lost workers again")
        return made


def show(campaign: Campaign, settings: Mapping[str, Any]) -> None:
    """Prints the script that would be submitted."""
    made = sweep_of(campaign, settings)
    print(render(made, read_site(), range(made.size)), end="")


def sweep_of(campaign: Campaign, settings: Mapping[str, Any]) -> Sweep:
    """The sweep whose jobs are the campaign's workers; nothing of it is written yet."""
    jobs = [[f"campaign={campaign.name}", f"worker={number}"] for number in range(campaign.settings.workers)]
    made = Sweep.new(campaign.root, campaign.record["kind"], campaign.snapshot, settings, jobs)
    made.record["campaign"] = os.path.relpath(campaign.folder, campaign.root)
    return made
