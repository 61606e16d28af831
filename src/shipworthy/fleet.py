"""A campaign's workers on a Slurm cluster: jobs of one array; who dies is submitted again."""

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_json
from shipworthy.core.progress import say
from shipworthy.launch.job_state import State
from shipworthy.launch.retry import with_retries
from shipworthy.launch.script import render
from shipworthy.launch.site import read_site
from shipworthy.launch.submit import checked
from shipworthy.launch.submit import submit as submit_jobs
from shipworthy.launch.sweep import STATUS, Sweep
from shipworthy.launch.sweep_status import SECONDS_BETWEEN_LOOKS, SweepStatus, look
from shipworthy.track.hpo.campaign import PARAMS, WINNER, Campaign
from shipworthy.track.hpo.standing import Teller
from shipworthy.track.hpo.work import takeable

MOST_DEATHS = 3
"""How often in a row a worker may be lost before it has begun a trial."""


def show(campaign: Campaign, settings: Mapping[str, Any]) -> None:
    """Prints the script that would be submitted."""
    made = _sweep(campaign, settings)
    print(render(made, read_site(), range(made.size)), end="")


def submit(campaign: Campaign, settings: Mapping[str, Any]) -> None:
    """Sends the workers into the queue, or those of them that are there no more.

    Raises:
        ShipworthyError: no Slurm, or one that refuses them.
    """
    if campaign.record["sweeps"]:
        before = Sweep.find(campaign.root, campaign.record["sweeps"][-1])
        same = before.size == campaign.settings.workers and before.record["settings"] == dict(settings)
        sweep_status = look(before)
        if not sweep_status.over or same:
            _again(campaign, sweep_status)
            return
    made = _sweep(campaign, settings)
    made.make([(campaign.folder / PARAMS).read_text(encoding="utf-8")] * made.size)
    checked(made)
    campaign.record["sweeps"].append(made.name)
    campaign.save()
    submit_jobs(made, range(made.size))
    say(
        f"`shipworthy {campaign.record['kind']} campaign={campaign.name}` with the same launcher follows it, and sends "
        "the dead back to work"
    )


def _sweep(campaign: Campaign, settings: Mapping[str, Any]) -> Sweep:
    jobs = [[f"campaign={campaign.name}", f"worker={number}"] for number in range(campaign.settings.workers)]
    snapshot = Path(campaign.record["snapshot"])
    made = Sweep.new(campaign.root, campaign.record["kind"], snapshot, settings, jobs)
    made.record["campaign"] = str(campaign.folder)
    return made


def follow(campaign: Campaign) -> None:
    """Waits until the campaign is over, with a line at each change; submits lost workers again.

    Raises:
        ShipworthyError: a worker failed at what no trial could do anything about, or Slurm has not answered for
            minutes.
    """
    teller = Teller(campaign)
    deaths: dict[int, int] = {}
    while True:
        sweep = Sweep.find(campaign.root, campaign.record["sweeps"][-1])
        sweep_status = with_retries(partial(look, sweep))
        trials = campaign.trials()
        teller.tell(trials)
        if campaign.over(trials) and _measured(campaign) and sweep_status.over:
            return
        if all(job.state is State.CANCELLED for job in sweep_status.jobs):
            raise ShipworthyError(
                f"its workers were cancelled: `shipworthy {campaign.record['kind']} campaign={campaign.name}`, same "
                "launcher, goes on."
            )
        _again(campaign, sweep_status, deaths)
        time.sleep(SECONDS_BETWEEN_LOOKS)


def _measured(campaign: Campaign) -> bool:
    done = (campaign.folder / WINNER).is_file() or not campaign.best(campaign.trials())
    return done or campaign.record["kind"] != "tune"


def _again(campaign: Campaign, sweep_status: SweepStatus, deaths: dict[int, int] | None = None) -> None:
    """Submits workers that are no more, as many as there are trials to take."""
    trials, sweep = campaign.trials(), sweep_status.sweep
    missing = campaign.over(trials) and not _measured(campaign)
    wanted = max(takeable(campaign, trials), int(missing))
    gone = [
        number
        for number, job in enumerate(sweep_status.jobs)
        if job.state.over and (deaths is None or job.state is not State.CANCELLED)
    ]
    # Who waits in the queue, or has just started, has not taken its trial yet.
    wanted -= sum(job.state in (State.WAITING, State.GOING_ON) for job in sweep_status.jobs)
    indices = gone[: max(0, wanted)]
    for number in indices:
        job = sweep_status.jobs[number]
        if job.state is State.FAILED and deaths is not None:
            raise ShipworthyError(f"worker {number} failed: {job.said} ({sweep.job(number)})")
        if deaths is not None and job.state is not State.FINISHED:
            begun = any(a["worker"] == number and a["ended"] is None for t in trials for a in t["attempts"])
            deaths[number] = 0 if begun else deaths.get(number, 0) + 1
            if deaths[number] >= MOST_DEATHS:
                raise ShipworthyError(f"worker {number} was lost {MOST_DEATHS} times: {job.said}")
        status = sweep.status(number)
        if status is not None:  # what it says is of the last time
            write_json(sweep.job(number) / STATUS, {**status, "state": "stopped", "said": ""})
    if indices:
        submit_jobs(sweep, indices)
