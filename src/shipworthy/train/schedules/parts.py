"""The parts of a training by its steps: how long one is, and how far it is done."""

from shipworthy.core.errors import UsageError


def length(part: float, steps: int, key: str) -> int:
    """Steps of a part that is given as a share (below 1) or as steps.

    Raises:
        UsageError: it is longer than the training.
    """
    if part > steps:
        raise UsageError(f"schedule.{key}={part:g} is more than trainer.steps={steps}: lower it, or give a share.")
    return round(part) if part >= 1 else round(part * steps)


def rising(warmup: float, steps: int) -> int:
    """Steps in which the rate rises, the one that reaches the highest included: at least that one."""
    return max(1, length(warmup, steps, "warmup"))


def risen(step: int, rising: int) -> float | None:
    """The share of the highest rate at a step of the rise; None after it."""
    return (step + 1) / rising if step < rising else None


def done(step: int, begin: int, end: int) -> float:
    """How much of what lies between two steps is done: 0 to 1."""
    return min(1.0, (step - begin) / max(1, end - begin))
