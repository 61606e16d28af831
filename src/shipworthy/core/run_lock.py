"""One process at a time owns a run: a lock beside the run's folder, and a file that says whose it is.

The lock is flock's: the kernel lets it go with the process, however that ends, so that neither a kill nor a reboot
leaves a run locked. Over NFS, Linux makes flock a lock of the server's, which holds between hosts and is let go when
the owner's host comes back or, on NFS 4, when its lease runs out (unless mounted with local_lock=flock or =all).
The file with the owner's name is for people: it is believed only where the lock is held.
"""

import os
import platform
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from shipworthy.core.errors import ShipworthyError
from shipworthy.core.files import read_json, write_json
from shipworthy.core.progress import say

FOLDER = ".locks"
WAIT_S = 1.0
"""How long a lock that is held is asked for again (seconds): its owner may just be ending."""
RESTART_WAIT_S = 120.0
"""As long where the owner is an earlier start of the same Slurm job, whose node may be gone: leases take 90 s."""


class RunOwnedError(ShipworthyError):
    """Another process owns the run."""


@contextmanager
def own_run(folder: Path) -> Iterator[None]:
    """Owns the run inside the block; nothing in its folder is touched.

    Of the processes of one distributed training only the first calls this.

    Args:
        folder: the run's, `runs/<run id>`.

    Raises:
        RunOwnedError: another process owns it; the sentence says which.
    """
    place = folder.parent / FOLDER
    place.mkdir(parents=True, exist_ok=True)
    owner = place / f"{folder.name}.json"
    # A lock that is a file's mere existence, filelock's way out elsewhere, would survive its owner.
    lock = FileLock(place / f"{folder.name}.lock", fallback_to_soft=False)
    _acquire(lock, owner, folder.name)
    try:
        write_json(owner, _this_process())
        yield
    finally:
        if lock.is_locked:
            owner.unlink(missing_ok=True)
            lock.release()


def _acquire(lock: FileLock, owner: Path, run_id: str) -> None:
    """Takes the lock; goes on without it, and says so, where there can be none."""
    try:
        lock.acquire(timeout=WAIT_S)
    except Timeout:
        known = _read(owner)
        if not _is_earlier_start(known):
            raise RunOwnedError(_sentence(run_id, known)) from None
        say(f"waiting for the lock that an earlier start of this Slurm job held on {known.get('host')}")
        try:
            lock.acquire(timeout=RESTART_WAIT_S)
        except Timeout:
            say("warning: the lock was not let go in time; this job goes on, for Slurm has ended its earlier start.")
    except (OSError, NotImplementedError) as error:
        say(f"warning: {lock.lock_file} can't be locked ({error}): see that nothing else trains this run meanwhile.")


def _this_process() -> dict[str, Any]:
    return {
        "host": platform.node(),
        "process": os.getpid(),
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
        "slurm_restart": os.environ.get("SLURM_RESTART_COUNT", "0"),
    }


def _read(owner: Path) -> dict[str, Any]:
    """Empty where the owner has not written it yet."""
    try:
        found: dict[str, Any] = read_json(owner)
    except (OSError, ValueError):
        return {}
    return found


def _is_earlier_start(owner: Mapping[str, Any]) -> bool:
    """Whether the owner is this Slurm job before it was requeued: Slurm has ended it, whatever the lock says yet."""
    me = _this_process()
    return bool(
        me["slurm_job"]
        and owner.get("slurm_job") == me["slurm_job"]
        and owner.get("slurm_restart") != me["slurm_restart"]
    )


def _sentence(run_id: str, owner: Mapping[str, Any]) -> str:
    if not owner:
        who = "another process"
    else:
        job = f", Slurm job {owner['slurm_job']}" if owner.get("slurm_job") else ""
        who = f"process {owner.get('process')} on {owner.get('host')}{job}, since {owner.get('since')}"
    return (
        f"Run {run_id} is being trained already, by {who}: wait for it, or stop it and run this again to go on "
        "from its last checkpoint."
    )
