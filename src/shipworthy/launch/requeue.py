"""A job that stopped where it can go on asks Slurm to start it again."""

import time

from shipworthy.core.errors import ShipworthyError
from shipworthy.launch import slurm
from shipworthy.launch.status import job_id

RETRY_FOR_S = 600
"""How long a process waits for Slurm to end it, after the job was requeued (seconds)."""
TRIES, PAUSE_S = 3, 2.0
"""A controller that preempts many jobs at once may be too busy to answer at first."""


def requeue() -> str:
    """Puts this job back into the queue; empty if Slurm took it, else why not, in a few words."""
    said = ""
    for number in range(TRIES):
        time.sleep(PAUSE_S if number else 0.0)
        try:
            # A job that was cancelled is COMPLETING by now, and Slurm would start that again, too. So is one that Slurm
            # has put back itself; that one comes back without us.
            if (state := slurm.job_state(job_id())) != "RUNNING":
                return f"the job is {state}: cancelled, or in the queue already"
            slurm.requeue(job_id())
        except ShipworthyError as error:
            said = str(error).rstrip(".")
        else:
            return ""
    return said


def wait_for_the_end() -> None:
    """Stays until Slurm ends this process: a step that ends by itself would end the job, and it would not go on."""
    time.sleep(RETRY_FOR_S)
