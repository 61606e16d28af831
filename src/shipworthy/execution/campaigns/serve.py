"""A worker of a campaign as a process: `python -m shipworthy.execution.campaigns.serve CAMPAIGN NUMBER`.

On a cluster shipworthy.execution.node calls `serve`.
"""

import os
import sys
import threading
import time
from pathlib import Path

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.execution.campaigns.training import Training
from shipworthy.execution.campaigns.worker import Worker
from shipworthy.track.hpo.campaign import RECORD, WINNER, Campaign

SECONDS_BETWEEN_LOOKS = 1.0


def main(folder: str, number: str) -> int:
    """Runs trials until there is none to take; the exit code of this process."""
    interrupt.listen()
    stop_with_parent()
    campaign = Campaign(Path(folder), read_json(Path(folder) / RECORD))
    try:
        serve(campaign, int(number))
    except StopRequestedError as error:
        say(str(error))
        return error.exit_code
    except ShipworthyError as error:
        print(f"shipworthy: {error}", file=sys.stderr, flush=True)
        return 1
    return 0


def serve(campaign: Campaign, number: int, job: str = "") -> None:
    """Works at a campaign; the worker that finds it over measures the winner.

    Args:
        number: of this worker, from 0.
        job: its id in Slurm (empty: none).

    Raises:
        StopRequestedError: asked to stop; what it was at is saved.
        ShipworthyError: a failure outside the trial itself.
    """
    worker = Worker(campaign, number, job)
    worker.work(Training(campaign))
    if campaign.record["kind"] == "tune" and campaign.over(campaign.trials()):
        _measure(campaign, worker)


def _measure(campaign: Campaign, worker: Worker) -> None:
    if (campaign.folder / WINNER).is_file() or (lease := worker.leases.take("winner", worker.me)) is None:
        return
    from shipworthy.config.compose import compose
    from shipworthy.evaluation.tasks.schema import Task
    from shipworthy.track.hpo.winner import measure

    with worker.leases.renewing([lease]):
        config = compose(campaign.record["overrides"])
        assert isinstance(config.task, Task)
        say("== measuring the winner on the rows that no trial saw")
        measure(campaign, config.task, campaign.root / config.workspace / "dataset")
        lease.release()


def stop_with_parent() -> None:
    """Stops as if asked to when the process that started this one is gone: nobody would read what comes after."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(SECONDS_BETWEEN_LOOKS)
        interrupt.ask("the process that started it has ended")

    threading.Thread(target=watch, daemon=True).start()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
