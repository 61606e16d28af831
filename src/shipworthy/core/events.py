"""How far a long run is, for whoever started it: a job of a sweep writes it into its status file."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_listeners: list[Callable[[dict[str, Any]], None]] = []


def subscribe(listener: Callable[[dict[str, Any]], None]) -> None:
    """Calls `listener` with each thing that is told from here on."""
    _listeners.append(listener)


@contextmanager
def subscribed(listener: Callable[[dict[str, Any]], None]) -> Iterator[None]:
    """Calls `listener` with each thing that is told inside the block; what it raises ends the work that told."""
    subscribe(listener)
    try:
        yield
    finally:
        _listeners.remove(listener)


def emit(**facts: Any) -> None:
    """Tells how far this run is; from any thread.

    Args:
        facts: `run_id`; `step` and `steps`, done and planned; `kept`, the step of the newest checkpoint;
            `validation`, the task's metric at `step`, and `val_loss`; `metric`, the validation of what is handed on.
    """
    for listener in (*_listeners,):
        listener(facts)
