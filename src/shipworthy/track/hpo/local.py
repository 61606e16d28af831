"""A campaign's workers on this machine, as processes of their own; who dies is followed by another."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.gpus import driver
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.machine import cores
from shipworthy.core.progress import say
from shipworthy.track.hpo.campaign import WINNER, Campaign
from shipworthy.track.hpo.standing import Teller
from shipworthy.track.hpo.work import takeable

SECONDS_BETWEEN_LOOKS = 0.5
MOST_DEATHS = 3
"""How often in a row a worker may be killed before it has begun a trial."""


@dataclass
class Place:
    """One worker's place: its process, if one runs there, and how many died there without having begun a trial."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    begun: int = 0
    deaths: int = 0


class Crew:
    """The workers of a campaign on this machine.

    Args:
        command: what starts a worker, but for its number.
        environment: what is set for it.
    """

    def __init__(self, campaign: Campaign, command: list[str], environment: Mapping[str, str]) -> None:
        self.campaign, self.command, self.environment = campaign, command, environment
        self.places = [Place(number) for number in range(campaign.settings.workers)]
        self.failed: list[int] = []
        self.teller = Teller(campaign)

    def supervise(self) -> None:
        """Keeps as many workers at work as there are trials to take, until the campaign is over.

        Raises:
            StopRequestedError: this process was asked to stop; the workers have saved what they were at.
            ShipworthyError: a worker failed at what no trial could do anything about.
        """
        with interrupt.listening(), interrupted_as("SIGINT"):
            try:
                while not self._over():
                    time.sleep(SECONDS_BETWEEN_LOOKS)
                    if why := interrupt.asked():
                        self._stop()
                        raise StopRequestedError(
                            why, f"stopped by {why}: the trials that ran are saved; run it again to go on."
                        )
            finally:
                self._kill()

    def _over(self) -> bool:
        trials = self.campaign.trials()
        self.teller.tell(trials)
        for place in self.places:
            self._look(place)
        alive = [place for place in self.places if place.process is not None]
        if self.failed and not alive:
            raise ShipworthyError(self._failure(self.failed[0]))
        trials = self.campaign.trials()
        missing = self.campaign.over(trials) and not self._measured(trials)
        wanted = 0 if self.failed else max(takeable(self.campaign, trials), int(missing))
        idle = [place for place in self.places if place.process is None]
        # One that has just started has not taken its trial yet.
        starting = sum(self._begun(place.number) == place.begun for place in alive)
        for place in idle[: max(0, wanted - starting)]:
            self._start(place)
        return not alive and not wanted and self.campaign.over(trials)

    def _measured(self, trials: list[dict[str, object]]) -> bool:
        done = (self.campaign.folder / WINNER).is_file() or not self.campaign.best(trials)
        return done or self.campaign.record["kind"] != "tune"

    def _look(self, place: Place) -> None:
        """Notes that a worker has ended, and how."""
        if place.process is None or (code := place.process.poll()) is None:
            return
        place.process = None
        if code in (0, StopRequestedError.exit_code):
            place.deaths = 0
            return
        if code > 0:
            self.failed.append(place.number)
            return
        place.deaths = place.deaths + 1 if self._begun(place.number) == place.begun else 0
        say(f"worker {place.number} was killed by {signal.Signals(-code).name}; another takes its trial")
        if place.deaths >= MOST_DEATHS:
            self.failed.append(place.number)

    def _begun(self, number: int) -> int:
        """How many attempts a worker of this number has begun."""
        attempts = (attempt for trial in self.campaign.trials() for attempt in trial["attempts"])
        return sum(attempt["worker"] == number for attempt in attempts)

    def _start(self, place: Place) -> None:
        log = self.log(place.number)
        log.parent.mkdir(parents=True, exist_ok=True)
        place.begun = self._begun(place.number)
        mine = self.cores_of(place.number)
        with log.open("ab") as file:
            place.process = subprocess.Popen(
                [*self.command, str(place.number)],
                cwd=self.campaign.root,
                env={**os.environ, **self.environment_of(place.number)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for us: we tell them
            )
        with suppress(psutil.NoSuchProcess):
            psutil.Process(place.process.pid).cpu_affinity(mine)

    def cores_of(self, number: int) -> list[int]:
        """A worker's part of the machine's cores, which may be another's too where there are too few."""
        everyones = sorted(os.sched_getaffinity(0))
        share = cores(len(self.places))
        return sorted({everyones[(number * share + one) % len(everyones)] for one in range(share)})

    def environment_of(self, number: int) -> dict[str, str]:
        """What is set for a worker: threads for its cores, and its GPU on a machine that has some."""
        own = {**self.environment, "OMP_NUM_THREADS": str(len(self.cores_of(number)))}
        if "CUDA_VISIBLE_DEVICES" not in os.environ and (found := driver()) is not None and found.gpus:
            own["CUDA_VISIBLE_DEVICES"] = str(number % len(found.gpus))
        return own

    def log(self, number: int) -> Path:
        """What a worker says."""
        return self.campaign.folder / "workers" / str(number) / "log.txt"

    def _failure(self, number: int) -> str:
        lines = [one for one in self.log(number).read_text(errors="replace").splitlines() if one.strip()]
        said = lines[-1].removeprefix("shipworthy: ") if lines else "it said nothing."
        return f"worker {number} failed: {said} ({self.log(number)})"

    def _stop(self) -> None:
        """Asks all workers to stop at a step's end, and waits until they have; asked again, it does not wait."""
        say("asked to stop: the workers save what they are at; Ctrl-C once more does not wait for them")
        interrupt.withdraw(interrupt.asked())
        for place in self.places:
            if place.process is not None:
                place.process.terminate()
        while any(place.process is not None and place.process.poll() is None for place in self.places):
            if interrupt.asked():
                return
            time.sleep(SECONDS_BETWEEN_LOOKS)

    def _kill(self) -> None:
        for place in self.places:
            if place.process is not None and place.process.poll() is None:
                place.process.kill()
                place.process.wait()


class interrupted_as:  # noqa: N801 (reads as a block)
    """Inside the block Ctrl-C asks to stop, as a signal does, instead of ending whatever runs."""

    def __init__(self, why: str) -> None:
        self.why = why
        self.before: Callable[..., object] | int | None = None

    def __enter__(self) -> None:
        self.before = signal.signal(signal.SIGINT, lambda *_: interrupt.ask(self.why))

    def __exit__(self, *_: object) -> None:
        signal.signal(signal.SIGINT, self.before)
        interrupt.withdraw(self.why)


def command(what: str) -> list[str]:
    """What starts a `worker`, or a `trial` of another driver, but for campaign and number."""
    return [sys.executable, "-u", "-P", "-m", f"shipworthy.{what}"]
