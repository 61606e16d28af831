"""What runs a campaign's workers: an executor, with a fixed number of slots, each for one worker at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import ClassVar, Protocol


class SlotStatus(StrEnum):
    """What became of the worker that was last started in a slot."""

    IDLE = "idle"
    """None was started."""
    WAITING = "waiting"
    """It was submitted, and does not run yet, or not at the moment."""
    RUNNING = "running"
    FINISHED = "finished"
    """It ended as it should: nothing was left to take, or it was asked to stop."""
    FAILED = "failed"
    """It gave up for a reason outside its trials."""
    LOST = "lost"
    """It was ended from outside: killed, or its node failed."""
    CANCELLED = "cancelled"
    """Somebody cancelled it on purpose."""

    @property
    def alive(self) -> bool:
        """Whether it may take another trial."""
        return self in (SlotStatus.WAITING, SlotStatus.RUNNING)


@dataclass(frozen=True)
class SlotState:
    """A slot at one moment.

    Attributes:
        number: of the slot, and of the worker in it, from 0.
        said: of a worker that failed or was lost: what it said, or what became of it.
        log: where its output is.
    """

    number: int
    status: SlotStatus
    said: str = ""
    log: Path = Path()


class Executor(Protocol):
    """Starts workers in slots, says how they are, and stops them.

    Attributes:
        detached: whether the workers go on when the process that supervises them ends.
        seconds_between_polls: how often it may be asked.
    """

    detached: ClassVar[bool]
    seconds_between_polls: ClassVar[float]

    def submit(self, slots: Sequence[int]) -> None:
        """Starts a worker in each of these slots, in which none is alive.

        Raises:
            ShipworthyError: nothing can be started.
        """
        ...

    def poll(self) -> list[SlotState]:
        """All slots, in the order of their numbers.

        Raises:
            ShipworthyError: the executor itself failed, or does not answer.
        """
        ...

    def stop(self, *, kill: bool = False) -> None:
        """Asks the workers to save what they are at and to end; those of a detached executor stay.

        Args:
            kill: ends them at once, and removes what they left.
        """
        ...
