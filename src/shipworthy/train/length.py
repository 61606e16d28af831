"""How long a training is: in steps, epochs or tokens, of which the last two are steps once the rows are known."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import ceil
from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.train.schema import LightningTrainer

LENGTH = ("batch_size", "steps", "epochs", "tokens", "validate_every", "validate_epochs")
"""The fields that say which rows are seen at which step."""


def rows_seen(trainer: LightningTrainer, rows: int) -> int:
    """How many rows a training of `rows` sees in all, those of later epochs counted again."""
    return round(trainer.epochs * rows) if trainer.epochs else trainer.steps * trainer.batch_size


def recorded(trainer: Mapping[str, Any]) -> LightningTrainer:
    """What a run's record says of its trainer's length and batches; it may be of a time that knew less, or more."""
    return LightningTrainer(**{name: trainer[name] for name in LENGTH if name in trainer})


def settled(trainer: LightningTrainer, lengths: Sequence[int]) -> LightningTrainer:
    """The trainer with its length, and the time between validations, in steps.

    Args:
        lengths: tokens of each row that it is trained on; any sample of them where only their mean is needed.

    Raises:
        UsageError: it would make no step, or no validation.
    """
    return in_steps(trainer, len(lengths), sum(lengths) / len(lengths))


def in_steps(trainer: LightningTrainer, rows: int, mean: float) -> LightningTrainer:
    """The same, by the number of rows and their mean length (tokens)."""
    steps, every = trainer.steps, trainer.validate_every
    if trainer.epochs:
        steps = ceil(rows_seen(trainer, rows) / trainer.batch_size)
    elif trainer.tokens:
        steps = ceil(trainer.tokens / (trainer.batch_size * mean))
    if trainer.validate_epochs:
        every = max(1, round(trainer.validate_epochs * rows / trainer.batch_size))
    if not steps:
        raise UsageError(f"trainer.epochs={trainer.epochs:g} of {rows} rows is no step: raise it.")
    if trainer.epochs or trainer.tokens:
        every = min(every, steps)
    made = replace(trainer, steps=steps, validate_every=every)
    made.check_length()
    return made
