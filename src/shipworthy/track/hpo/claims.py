"""Who works at what: claims as files, without locks, so that they hold on any file system that the workers share.

A claim of a thing is a file `<thing>.<n>`, made with O_EXCL, so only one worker gets it; n counts the claims that the
thing has had. Its owner touches it again and again. The claim is over when its owner says so (`<thing>.<n>.over`), has
not touched it for longer than the lease, or is a process of this machine that is no more; then the next worker may
make `<thing>.<n+1>`. What is done for good has a `<thing>.done`, and nobody gets it again.
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

BEATS_PER_LEASE = 6


def myself(worker: int, job: str = "") -> dict[str, Any]:
    """What this process writes into its claims.

    Args:
        worker: its number in the campaign.
        job: its id in Slurm (empty: none).
    """
    return {"worker": worker, "host": socket.gethostname(), "pid": os.getpid(), "space": _space(), "job": job}


def _space() -> str:
    """In which pids mean the same process; containers may have one of their own."""
    link = Path("/proc/self/ns/pid")
    return str(link.readlink()) if link.is_symlink() else ""


@dataclass(frozen=True)
class Claim:
    """One worker's right to work at a thing. `number` counts the claims of the thing, from 1."""

    folder: Path
    thing: str
    number: int

    @property
    def path(self) -> Path:
        """The file whose time of change is the owner's last sign of life."""
        return self.folder / f"{self.thing}.{self.number}"

    @property
    def over(self) -> Path:
        """The file that says that the claim is over."""
        return self.folder / f"{self.thing}.{self.number}.over"

    def owner(self) -> dict[str, Any]:
        """What the owner wrote when it made the claim; empty if it was killed before."""
        try:
            found: dict[str, Any] = json.loads(self.path.read_text(encoding="utf-8"))
        except ValueError:
            return {}
        return found

    def beat(self) -> None:
        """A sign of life."""
        os.utime(self.path)

    def holds(self) -> bool:
        """Whether nobody has been given the thing since."""
        return not (self.folder / f"{self.thing}.{self.number + 1}").exists() and not self.over.exists()

    def end(self) -> None:
        """Gives the thing back."""
        self.over.touch()

    def finish(self) -> None:
        """The thing is done for good."""
        (self.folder / f"{self.thing}.done").touch()
        self.end()


class Claims:
    """All claims of a campaign.

    Args:
        lease_s: how long a claim lives without a sign of life (seconds).
    """

    def __init__(self, folder: Path, lease_s: float) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.lease_s = folder, lease_s

    def take(self, thing: str, owner: dict[str, Any]) -> Claim | None:
        """The claim, if the thing can be had now."""
        last = self.last(thing)
        if self.is_done(thing) or (last is not None and self.alive(last)):
            return None
        claim = Claim(self.folder, thing, last.number + 1 if last else 1)
        try:
            with claim.path.open("x", encoding="utf-8") as file:
                json.dump(owner, file)
        except FileExistsError:
            return None
        return claim

    def last(self, thing: str) -> Claim | None:
        """The newest claim of a thing."""
        numbers = [int(path.suffix[1:]) for path in self.folder.glob(f"{thing}.*") if path.suffix[1:].isdigit()]
        return Claim(self.folder, thing, max(numbers)) if numbers else None

    def is_done(self, thing: str) -> bool:
        """Whether it is done for good."""
        return (self.folder / f"{thing}.done").exists()

    def alive(self, claim: Claim) -> bool:
        """Whether its owner works, as far as one can tell."""
        if claim.over.exists() or self._age(claim) > self.lease_s:
            return False
        owner = claim.owner()
        here = (owner.get("host"), owner.get("space")) == (socket.gethostname(), _space())
        return not here or psutil.pid_exists(owner["pid"])

    def live(self) -> list[Claim]:
        """All claims that are alive."""
        found = {path.name.partition(".")[0] for path in self.folder.glob("[!.]*.*")}
        return [last for thing in found if (last := self.last(thing)) and self.alive(last)]

    def bury(self, job: str) -> None:
        """Ends the claims of earlier starts of this Slurm job."""
        for claim in self.live():
            owner = claim.owner()
            if job and owner.get("job") == job and owner != myself(owner["worker"], job):
                claim.end()

    def _age(self, claim: Claim) -> float:
        """Seconds since the last sign of life, by the clock of the file system: the nodes' own may differ."""
        clock = self.folder / ".clock"
        clock.touch()
        with claim.path.open("rb") as file:  # a shared file system looks afresh when a file is opened
            beaten = os.fstat(file.fileno()).st_mtime
        return clock.stat().st_mtime - beaten

    def last_sign(self, claim: Claim) -> float:
        """When its owner last gave a sign of life (epoch seconds)."""
        return claim.path.stat().st_mtime

    @contextmanager
    def beating(self, claims: Sequence[Claim]) -> Iterator[None]:
        """Gives signs of life of these claims inside the block; the sequence may grow."""
        over = threading.Event()

        def beat() -> None:
            while not over.wait(self.lease_s / BEATS_PER_LEASE):
                for claim in [*claims]:
                    with suppress(OSError):  # a disk may be away for a moment; the next sign is soon
                        claim.beat()

        thread = threading.Thread(target=beat, daemon=True)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()
