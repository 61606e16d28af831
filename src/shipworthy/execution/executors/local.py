"""A campaign's workers as processes of this machine, which share its cores and its GPUs."""

import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import ClassVar

import psutil

from shipworthy.core.gpus import driver
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.machine import cores
from shipworthy.execution.executors.protocol import SlotState, SlotStatus
from shipworthy.track.hpo.campaign import Campaign

SHOWN_CHARACTERS = 160


class LocalExecutor:
    """Processes of this machine.

    Args:
        command: what starts a worker, but for its number.
        environment: what is set for it.
    """

    detached: ClassVar[bool] = False
    seconds_between_polls: ClassVar[float] = 0.5

    def __init__(self, campaign: Campaign, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self.campaign, self.command, self.environment = campaign, command, environment
        self.slots = range(campaign.settings.workers)
        self.processes: dict[int, subprocess.Popen[bytes]] = {}

    def submit(self, slots: Sequence[int]) -> None:
        """Starts a process for each."""
        for number in slots:
            self._start(number)

    def poll(self) -> list[SlotState]:
        """How the processes are."""
        return [self._state(number) for number in self.slots]

    def stop(self, *, kill: bool = False) -> None:
        """Sends SIGTERM, after which a worker saves at the end of its step; or SIGKILL."""
        for process in self.processes.values():
            if process.poll() is None:
                process.kill() if kill else process.terminate()
        if kill:
            for process in self.processes.values():
                process.wait()

    def _start(self, number: int) -> None:
        log = self.log(number)
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as file:
            process = subprocess.Popen(
                [*self.command, str(number)],
                cwd=self.campaign.root,
                env={**os.environ, **self.environment_of(number)},
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is for the supervisor, which tells them
            )
        self.processes[number] = process
        with suppress(psutil.NoSuchProcess):
            psutil.Process(process.pid).cpu_affinity(self.cores_of(number))

    def _state(self, number: int) -> SlotState:
        if (process := self.processes.get(number)) is None:
            return SlotState(number, SlotStatus.IDLE)
        log = self.log(number)
        match process.poll():
            case None:
                return SlotState(number, SlotStatus.RUNNING, log=log)
            case 0 | StopRequestedError.exit_code:
                return SlotState(number, SlotStatus.FINISHED, log=log)
            case code if code > 0:
                return SlotState(number, SlotStatus.FAILED, last_line(log) or "it said nothing", log)
            case code:
                how = f"it was killed by {signal.Signals(-code).name}"
                after = f" after it said '{line}'" if (line := last_line(log)) else " before it said anything"
                return SlotState(number, SlotStatus.LOST, how + after, log)

    def cores_of(self, number: int) -> list[int]:
        """A slot's part of the machine's cores, which may be another's too where there are too few."""
        everyones = sorted(os.sched_getaffinity(0))
        share = cores(len(self.slots))
        return sorted({everyones[(number * share + one) % len(everyones)] for one in range(share)})

    def environment_of(self, number: int) -> dict[str, str]:
        """What is set for a worker: threads for its cores, and its GPU on a machine that has some."""
        own = {**self.environment, "OMP_NUM_THREADS": str(len(self.cores_of(number)))}
        if "CUDA_VISIBLE_DEVICES" not in os.environ and (found := driver()) is not None and found.gpus:
            own["CUDA_VISIBLE_DEVICES"] = str(number % len(found.gpus))
        return own

    def log(self, number: int) -> Path:
        """What the workers of a slot say."""
        return self.campaign.folder / "workers" / str(number) / "log.txt"


def last_line(log: Path) -> str:
    """The last line of a log that says something, without our own prefix and its full stop; empty: there is none."""
    lines = [one for one in log.read_text(encoding="utf-8", errors="replace").splitlines() if one.strip()]
    said = lines[-1].removeprefix("shipworthy: ").strip() if lines else ""
    return textwrap.shorten(said, SHOWN_CHARACTERS, placeholder=" …").removesuffix(".")


def command(module: str) -> list[str]:
    """What starts a module of this package as a process, but for its arguments."""
    return [sys.executable, "-u", "-P", "-m", module]
