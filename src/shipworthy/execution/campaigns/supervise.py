"""The one loop that looks after a campaign: it keeps as many workers at work as there are trials to take.

An executor starts the workers, says how they are, and stops them; how a campaign is doing is in its folder.
"""

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import FrameType

from shipworthy.core import interrupt
from shipworthy.core.errors import ShipworthyError
from shipworthy.core.interrupt import StopRequestedError
from shipworthy.core.progress import say
from shipworthy.execution.campaigns.progress import ProgressPrinter
from shipworthy.execution.campaigns.worker import takeable
from shipworthy.execution.executors.protocol import Executor, SlotState, SlotStatus
from shipworthy.track.hpo.campaign import WINNER, Campaign, Trial

MOST_LOSSES = 3
"""How often in a row a slot's worker may be lost before it has begun a trial."""


@dataclass
class Slot:
    """What the supervisor remembers of a slot.

    Attributes:
        status: when it was last polled. How a worker ended that an earlier supervisor had submitted does not count:
            its slot is idle.
        begun: attempts at trials that this slot's workers had begun when it was last submitted (-1: not by this one).
        losses: how often in a row its worker was lost before it had begun a trial.
    """

    number: int
    status: SlotStatus = SlotStatus.IDLE
    begun: int = -1
    losses: int = 0


class Supervisor:
    """Looks after one campaign with one executor."""

    def __init__(self, campaign: Campaign, executor: Executor) -> None:
        self.campaign, self.executor = campaign, executor
        self.slots: dict[int, Slot] = {}
        self.failures: list[str] = []
        self.progress = ProgressPrinter(campaign)

    def supervise(self) -> None:
        """Submits workers, and again where they ended, until the campaign is over and its winner measured.

        Raises:
            StopRequestedError: this process was asked to stop; the workers have saved what they were at.
            ShipworthyError: a worker failed for a reason outside its trials, or the executor did.
        """
        with nullcontext() if self.executor.detached else _stop_requests():
            try:
                while not self.advance():
                    time.sleep(self.executor.seconds_between_polls)
                    if not self.executor.detached and (why := interrupt.asked()):
                        self._stop()
                        raise StopRequestedError(
                            why, f"{interrupt.reason(why)}: the trials that ran are saved; run it again to go on."
                        )
            finally:
                self.executor.stop(kill=True)

    def advance(self) -> bool:
        """Looks once, and submits what is missing; whether the campaign is over.

        Raises:
            ShipworthyError: it can't go on.
        """
        self.progress.update(self.campaign.trials())
        states = self.executor.poll()
        trials = self.campaign.trials()  # after the poll: who has ended has written how
        self._note(states, trials)
        slots = [*self.slots.values()]
        alive = [slot for slot in slots if slot.status.alive]
        wanted = self._wanted(trials)
        if not wanted and not alive and self.campaign.over(trials):
            return True
        if self.failures:
            # Workers that would end with this process go to their end first.
            if not alive or (wanted and self.executor.detached):
                raise ShipworthyError(self.failures[0])
            return False
        used = [slot for slot in slots if slot.status is not SlotStatus.IDLE]
        if used and all(slot.status is SlotStatus.CANCELLED for slot in used):
            raise ShipworthyError(f"its workers were cancelled: `{self.campaign.command}`, same launcher, goes on.")
        # Who is about to take a trial has not done so yet.
        missing = wanted - sum(not self._works(slot, trials) for slot in alive)
        free = [slot for slot in slots if not slot.status.alive and slot.status is not SlotStatus.CANCELLED]
        self._submit(free[: max(0, missing)], trials)
        return False

    def _wanted(self, trials: Sequence[Trial]) -> int:
        """How many workers would find something to do: trials to take, or the winner to be measured."""
        unmeasured = self.campaign.over(trials) and not measured(self.campaign, trials)
        return max(takeable(self.campaign, trials), int(unmeasured))

    def _note(self, states: Sequence[SlotState], trials: Sequence[Trial]) -> None:
        for state in states:
            slot = self.slots.setdefault(state.number, Slot(state.number))
            if slot.status.alive and not state.status.alive:
                self._note_end(slot, state, trials)
            if slot.status.alive or state.status.alive:
                slot.status = state.status

    def _note_end(self, slot: Slot, state: SlotState, trials: Sequence[Trial]) -> None:
        begun, said = len(self._attempts(slot, trials)) > slot.begun, state.said.removesuffix(".")
        slot.losses = slot.losses + 1 if state.status is SlotStatus.LOST and not begun else 0
        if state.status is SlotStatus.FAILED:
            self.failures.append(f"worker {slot.number} failed: {said}. ({state.log})")
        elif slot.losses >= MOST_LOSSES:
            self.failures.append(
                f"worker {slot.number} failed: it was lost {MOST_LOSSES} times in a row before it had begun a trial; "
                f"{said}. ({state.log})"
            )
        elif state.status is SlotStatus.LOST:
            say(f"worker {slot.number} was lost: {said}; another takes its trial")

    def _attempts(self, slot: Slot, trials: Sequence[Trial]) -> list[Trial]:
        attempts = (attempt for trial in trials for attempt in trial["attempts"])
        return [attempt for attempt in attempts if attempt["worker"] == slot.number]

    def _works(self, slot: Slot, trials: Sequence[Trial]) -> bool:
        """Whether a slot's worker is at a trial, which it has begun since it was submitted."""
        attempts = self._attempts(slot, trials)
        at_one = len(attempts) > slot.begun and any(attempt["ended"] is None for attempt in attempts)
        return slot.status is SlotStatus.RUNNING and at_one

    def _submit(self, slots: Sequence[Slot], trials: Sequence[Trial]) -> None:
        if not slots:
            return
        self.executor.submit([slot.number for slot in slots])
        for slot in slots:
            slot.status, slot.begun = SlotStatus.WAITING, len(self._attempts(slot, trials))

    def _stop(self) -> None:
        """Asks all workers to stop, and waits until they have; asked again, it does not wait."""
        say("stopping: the workers save their trials; Ctrl-C once more does not wait for them")
        interrupt.withdraw(interrupt.asked())
        self.executor.stop()
        while any(state.status.alive for state in self.executor.poll()):
            if interrupt.asked():
                return
            time.sleep(self.executor.seconds_between_polls)


def measured(campaign: Campaign, trials: Sequence[Trial]) -> bool:
    """Whether the winner was measured, or there is none to measure."""
    done = (campaign.folder / WINNER).is_file() or not campaign.best(trials)
    return done or campaign.record["kind"] != "tune"


@contextmanager
def _stop_requests() -> Iterator[None]:
    """Inside the block Ctrl-C asks to stop, as the other signals do, instead of ending whatever runs."""
    name = signal.SIGINT.name

    def ask(number: int, frame: FrameType | None) -> None:
        interrupt.ask(name)

    with interrupt.listening():
        before: Callable[..., object] | int | None = signal.signal(signal.SIGINT, ask)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)
            interrupt.withdraw(name)
