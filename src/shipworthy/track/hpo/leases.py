"""Leases: which worker may work at what. They are files, without locks, so that they hold on any shared file system.

A lease on a resource is a file `<resource>.<n>`, made with O_EXCL, so only one worker gets it; n counts the leases that
the resource has had. Its owner renews it by touching the file. The lease ends when its owner releases it
(`<resource>.<n>.released`), when it was not renewed for `lease_s`, or when the owner is a process of this machine that
is gone; then the next worker may make `<resource>.<n+1>`. A resource that needs no more work has a `<resource>.done`,
and nobody gets a lease on it again.
"""

import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

RENEWALS_PER_LEASE = 6


def myself(worker: int, job: str = "") -> dict[str, Any]:
    """What this process writes into its leases.

    Args:
        worker: its number in the campaign.
        job: its id in Slurm (empty: none).
    """
    pids = _pid_namespace()
    return {"worker": worker, "host": socket.gethostname(), "pid": os.getpid(), "pid_namespace": pids, "job": job}


def _pid_namespace() -> str:
    """Where a pid means the same process; containers may have a namespace of their own."""
    link = Path("/proc/self/ns/pid")
    return str(link.readlink()) if link.is_symlink() else ""


@dataclass(frozen=True)
class Lease:
    """One worker's right to work at a resource. `number` counts the leases on the resource, from 1."""

    folder: Path
    resource: str
    number: int

    @property
    def path(self) -> Path:
        """The file whose modification time is the last renewal."""
        return self.folder / f"{self.resource}.{self.number}"

    @property
    def released(self) -> Path:
        """The file that says that the owner gave the lease back."""
        return self.folder / f"{self.resource}.{self.number}.released"

    def owner(self) -> dict[str, Any]:
        """What the owner wrote when it took the lease; empty if it was killed before."""
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return found

    def renew(self) -> None:
        """Says that the owner still works."""
        os.utime(self.path)

    def holds(self) -> bool:
        """Whether it was not released, and nobody has been given the resource since."""
        return not (self.folder / f"{self.resource}.{self.number + 1}").exists() and not self.released.exists()

    def release(self) -> None:
        """Gives the resource back."""
        self.released.touch()

    def finish(self) -> None:
        """Marks the resource as done, and releases it."""
        (self.folder / f"{self.resource}.done").touch()
        self.release()


class Leases:
    """All leases of a campaign.

    Args:
        lease_s: how long a lease lives without being renewed (seconds).
    """

    def __init__(self, folder: Path, lease_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.lease_s = folder, lease_s

    def take(self, resource: str, owner: dict[str, Any]) -> Lease | None:
        """A lease, if the resource can be had now."""
        last = self.last(resource)
        if self.is_done(resource) or (last is not None and self.alive(last)):
            return None
        lease = Lease(self.folder, resource, last.number + 1 if last else 1)
        try:
            with lease.path.open("x", encoding="utf-8") as file:
                json.dump(owner, file)
        except FileExistsError:
            return None
        return lease

    def last(self, resource: str) -> Lease | None:
        """The newest lease on a resource."""
        numbers = [int(path.suffix[1:]) for path in self.folder.glob(f"{resource}.*") if path.suffix[1:].isdigit()]
        return Lease(self.folder, resource, max(numbers)) if numbers else None

    def is_done(self, resource: str) -> bool:
        """Whether it needs no more work."""
        return (self.folder / f"{resource}.done").exists()

    def alive(self, lease: Lease) -> bool:
        """Whether its owner works, as far as one can tell."""
        if lease.released.exists() or self._age(lease) > self.lease_s:
            return False
        owner = lease.owner()
        here = (owner.get("host"), owner.get("pid_namespace")) == (socket.gethostname(), _pid_namespace())
        return not here or psutil.pid_exists(owner["pid"])

    def live(self) -> list[Lease]:
        """All leases that are alive."""
        found = {path.name.partition(".")[0] for path in self.folder.glob("[!.]*.*")}
        return [last for resource in found if (last := self.last(resource)) and self.alive(last)]

    def release_earlier_starts(self, job: str) -> None:
        """Releases the leases of earlier starts of this Slurm job: that it runs again says that they ended."""
        for lease in self.live():
            owner = lease.owner()
            if job and owner.get("job") == job and owner != myself(owner["worker"], job):
                lease.release()

    def _age(self, lease: Lease) -> float:
        """Seconds since the last renewal, by the clock of the file system: the nodes' own may differ."""
        clock = self.folder / ".clock"
        clock.touch()
        with lease.path.open("rb") as file:  # a shared file system looks afresh when a file is opened
            renewed = os.fstat(file.fileno()).st_mtime
        return clock.stat().st_mtime - renewed

    def last_renewal(self, lease: Lease) -> float:
        """When its owner renewed it last (epoch seconds)."""
        return lease.path.stat().st_mtime

    @contextmanager
    def renewing(self, leases: Sequence[Lease]) -> Iterator[None]:
        """Renews these leases inside the block; the sequence may grow."""
        over = threading.Event()

        def renew() -> None:
            while not over.wait(self.lease_s / RENEWALS_PER_LEASE):
                for lease in [*leases]:
                    with suppress(OSError):  # a disk may be away for a moment; the next renewal is soon
                        lease.renew()

        thread = threading.Thread(target=renew, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
