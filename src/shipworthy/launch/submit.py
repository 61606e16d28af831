"""From a sweep's folder to jobs in Slurm's queue."""

import shutil
import time
from collections.abc import Sequence
from typing import Any

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import write_text
from shipworthy.core.progress import say
from shipworthy.launch import slurm
from shipworthy.launch.checks import before
from shipworthy.launch.script import render
from shipworthy.launch.site import read_site
from shipworthy.launch.sweep import SCRIPT, Sweep


def checked(sweep: Sweep) -> None:
    """Refuses what Slurm would refuse, or would let fail; the folder of a refused sweep is removed.

    Raises:
        ShipworthyError: no Slurm, or a partition, account, size or folder that can't work.
    """
    try:
        script = sweep.folder / SCRIPT
        write_text(script, render(sweep, read_site(), range(sweep.size)))
        if unknown := before(script, sweep.folder):
            say(f"warning: {unknown}")
    except ShipworthyError:
        shutil.rmtree(sweep.folder)
        raise


def submit(sweep: Sweep, indices: Sequence[int]) -> None:
    """Submits these jobs as one array.

    What is about to be asked is noted before, and the answer after: if this process dies between the two, the jobs
    are found by their name.
    """
    write_text(sweep.folder / SCRIPT, render(sweep, read_site(), indices))
    submission: dict[str, Any] = {"job": None, "indices": list(indices), "at": time.time()}
    sweep.record["submissions"].append(submission)
    sweep.save()
    submission["job"] = slurm.sbatch(sweep.folder / SCRIPT)
    sweep.save()
    say(
        f"sweep {sweep.name}: {len(indices)} jobs submitted as {submission['job']}; "
        f"`shipworthy sweep status {sweep.name}` shows how they are doing"
    )
