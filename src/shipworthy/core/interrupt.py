"""Signals that ask a process to stop: noted at once, acted on where the work is whole.

A handler that did more than note the signal would do it in the middle of anything: an exchange with other processes,
a file half written. So the work asks, between two steps.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from shipworthy.core.errors import ShipworthyError

SIGNALS = (signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
"""What Slurm sends at a preemption, and before the time limit."""

PRUNED = "pruned by its campaign"

_asked: list[str] = []


class StopRequestedError(ShipworthyError):
    """The work was asked to stop, and stopped where it can go on."""

    exit_code = 75  # EX_TEMPFAIL of sysexits.h

    def __init__(self, signal_name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.signal_name = signal_name


class PeerLostError(ShipworthyError):
    """Another process of this run is gone."""


def _note(number: int, frame: FrameType | None) -> None:
    _asked.append(signal.Signals(number).name)


def listen() -> None:
    """Notes the signals from here on, and those that were held back (`env --block-signal`) until now."""
    for number in SIGNALS:
        signal.signal(number, _note)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, SIGNALS)


@contextmanager
def listening() -> Iterator[None]:
    """Notes the signals inside the block; after it they do what they did before, and what was asked is done with.

    Where they were noted before the block, too, what was asked stays asked: it may be meant for what comes after.
    """
    if threading.current_thread() is not threading.main_thread():  # where Python lets nobody set a handler
        yield
        return
    before = {number: signal.getsignal(number) for number in SIGNALS}
    listen()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if _note not in before.values():
            _asked.clear()


def ignore() -> None:
    """From here on the signals have no effect: what comes now comes too late."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def ask(why: str) -> None:
    """Asks this process's work to stop as a signal does: at the end of its step, saved.

    Args:
        why: what `asked` says, and a sentence begins with, such as `its driver has ended`.
    """
    _asked.append(why)


def withdraw(why: str) -> None:
    """Takes back what `ask` asked; a signal stays."""
    _asked[:] = [one for one in _asked if one != why]


def asked() -> str:
    """What asked first, e.g. `SIGTERM`; empty as long as nothing did."""
    return _asked[0] if _asked else ""


def reason(why: str) -> str:
    """What `asked` says, as a sentence begins with it: `stopped by SIGTERM`, `pruned by its campaign`."""
    return f"stopped by {why}" if why in signal.Signals.__members__ else why
