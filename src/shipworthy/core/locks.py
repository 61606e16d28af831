"""Who makes and who reads an artifact or a run: locks on files, each of which also says who holds it.

They are flock's: the kernel lets one go with its last process, however that ends, so that neither a kill nor a reboot
leaves anything locked. Over NFS, Linux makes flock a lock of the server's, which holds between hosts and is let go when
the owner's host comes back or, on NFS 4, when its lease runs out (unless mounted with local_lock=flock or =all).
The names in the files are for people: they are believed only where the lock is held.
"""

import fcntl
import json
import math
import os
import shlex
import socket
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO, Any

import psutil

from shipworthy.core import interrupt, json_lines
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.core.secrets import redact

FOLDER = ".locks"
"""Of the locks, in the folder of the runs."""
WAIT_S = 1.0
"""How long a lock that is held is asked for again (seconds): its owner may just be ending."""
RESTART_WAIT_S = 120.0
"""As long where the owner is an earlier start of the same Slurm job, whose node may be gone: leases take 90 s."""
POLL_S = 0.1
PARENT = "_SHIPWORTHY_PARENT"
"""The environment variable that names the process which started this one, and owns what both make (its `ID`)."""
ID = uuid.uuid4().hex


class OwnedError(ShipworthyError):
    """Another process makes something else in the same place."""


class Lock:
    """A file that one process holds, or that several share; its lines say who holds it, or has let it go.

    Attributes:
        held: whether this process holds it.
        error: why there can be no lock here; None: there can.
    """

    def __init__(self, path: Path) -> None:
        self.path, self.held, self._exclusive, self._hold = path, False, False, uuid.uuid4().hex
        self.error: OSError | None = None
        self._file: IO[bytes] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Another user's may be for reading only: it can be locked all the same, but not signed.
            self._file = path.open("rb" if path.exists() and not os.access(path, os.W_OK) else "ab", buffering=0)
        except OSError as error:
            self.error = error

    def take(self, seconds: float, *, shared: bool = False) -> bool:
        """Whether it was had in so many seconds, or there can be none.

        Raises:
            StopRequestedError: asked to stop while it waited.
        """
        until = time.monotonic() + seconds
        while self.error is None and self._file is not None:
            try:
                fcntl.flock(self._file, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    return False
            except OSError as error:
                self.error = error
            else:
                self.held, self._exclusive = True, not shared
                return True
            if why := interrupt.asked():
                raise StopRequestedError(why, f"{interrupt.reason(why)} while it waited for another process.")
            time.sleep(POLL_S)
        return True

    def sign(self, work: str = "") -> None:
        """Says in the file that this process holds it, where it does; in one that it holds alone, nobody else does."""
        self._write(redact(this_process() | {"hold": self._hold, "work": work}))

    def _write(self, *lines: Mapping[str, Any]) -> None:
        if self._file is None or not self.held or not self._file.writable():
            return
        if self._exclusive:
            self._file.truncate(0)
        for line in lines:
            self._file.write(json.dumps(line).encode() + b"\n")
        if self._exclusive:
            os.fsync(self._file.fileno())

    def signatures(self) -> list[dict[str, Any]]:
        """Who said that they hold it, and not that they let it go."""
        lines = list(json_lines.read(self.path))
        left = {line.get("left") for line in lines}
        return [line for line in lines if line.get("hold", line.get("left")) not in left]

    def descriptors(self) -> list[int]:
        """What a process that this one starts must be given to hold it too."""
        return [self._file.fileno()] if self._file is not None and self.held else []

    def close(self) -> None:
        """Lets it go, for the processes that were forked meanwhile as well."""
        if self._file is None:
            return
        self._write(*([] if self._exclusive else [{"left": self._hold}]))
        if self.held:
            fcntl.flock(self._file, fcntl.LOCK_UN)
        self._file.close()


@contextmanager
def own(place: Path, what: str, work: str) -> Iterator[list[int]]:
    """Inside the block nobody else makes anything in the place; nothing in it is touched.

    Of the processes of one distributed training only the first calls this.

    Args:
        place: a name in a folder of locks, which stands for what is made.
        what: the same in words.
        work: of what is made there: who wants to make the same waits for its owner, who wants another is refused.

    Yields:
        Its descriptors: see `Lock.descriptors`.

    Raises:
        OwnedError: another process makes something else there; the sentence says which.
        StopRequestedError: asked to stop while it waited.
    """
    with closing(Lock(place.with_name(f"{place.name}.owner"))) as lock:
        if not lock.take(WAIT_S):
            owner = (lock.signatures() or [{}])[-1]
            if owner.get("id") == os.environ.get(PARENT, ""):
                yield []
                return
            _wait(lock, owner, what, work)
        if lock.error is not None:
            say(f"warning: {lock.path} can't be locked ({lock.error}): see that nothing else makes {what} meanwhile.")
        lock.sign(work)
        yield lock.descriptors()


def own_run(folder: Path) -> AbstractContextManager[list[int]]:
    """Inside the block nobody else trains the run in `folder`, `runs/<run id>`: who wants to waits."""
    return own(folder.parent / FOLDER / folder.name, f"run {folder.name}", folder.name)


@contextmanager
def reading(place: Path) -> Iterator[None]:
    """Inside the block nobody replaces what is in the place; others may read it as well."""
    with closing(Lock(place.with_name(f"{place.name}.readers"))) as lock:
        lock.take(math.inf, shared=True)  # where there is no lock, who replaces it says so
        lock.sign()
        yield


@contextmanager
def replacing(place: Path, what: str) -> Iterator[None]:
    """Waits until nobody reads what is in the place; inside the block nobody begins to.

    Raises:
        StopRequestedError: asked to stop while it waited.
    """
    with closing(Lock(place.with_name(f"{place.name}.readers"))) as lock:
        if not lock.take(WAIT_S):
            who = ", and by ".join(_named(one) for one in lock.signatures() if _may_live(one)) or "another process"
            say(f"waiting to replace {what}: it is being read by {who}")
            lock.take(math.inf)
        yield


def this_process() -> dict[str, Any]:
    """What holds a lock."""
    program, *words = sys.argv
    name = "shipworthy" if Path(program).name == "-c" else Path(program).name
    return {
        "id": ID,
        "host": socket.gethostname(),
        "process": os.getpid(),
        "since": datetime.now().astimezone().isoformat(" ", "seconds"),
        "command": shlex.join([name, *words]),
        "slurm_job": os.environ.get("SLURM_JOB_ID", ""),
        "slurm_restart": os.environ.get("SLURM_RESTART_COUNT", "0"),
    }


def _wait(lock: Lock, owner: Mapping[str, Any], what: str, work: str) -> None:
    """Waits for who makes the same, or used to.

    Raises:
        OwnedError: it is something else.
    """
    if _is_earlier_start(owner):
        say(f"waiting for the lock that an earlier start of this Slurm job held on {owner.get('host')}")
        if not lock.take(RESTART_WAIT_S):
            say("warning: the lock was not let go in time; this job goes on, for Slurm has ended its earlier start.")
    elif owner.get("work") == work:
        say(f"waiting for {_named(owner)}, which makes the same: {what}")
        lock.take(math.inf)
    else:
        raise OwnedError(
            f"{what} is being made by {_named(owner)}: wait until that has ended, or work beside it in a workspace of "
            "your own, workspace=…."
        )


def _named(holder: Mapping[str, Any]) -> str:
    if not holder:
        return "another process"
    job = f", Slurm job {holder['slurm_job']}" if holder.get("slurm_job") else ""
    words = f" (`{holder['command']}`)" if holder.get("command") else ""
    return f"process {holder.get('process')} on {holder.get('host')}{job}, since {holder.get('since')}{words}"


def _may_live(holder: Mapping[str, Any]) -> bool:
    return holder.get("host") != socket.gethostname() or psutil.pid_exists(int(holder.get("process") or 0))


def _is_earlier_start(owner: Mapping[str, Any]) -> bool:
    """Whether the owner is this Slurm job before it was requeued: Slurm has ended it, whatever the lock says yet."""
    me = this_process()
    return bool(
        me["slurm_job"]
        and owner.get("slurm_job") == me["slurm_job"]
        and owner.get("slurm_restart") != me["slurm_restart"]
    )
