"""What an estimate says, whatever the family."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Bounds:
    """A number that is not known exactly.

    Attributes:
        value: the best guess.
        low, high: what it may be.
    """

    value: float
    low: float
    high: float

    @staticmethod
    def exactly(value: float) -> "Bounds":
        """A number that is known."""
        return Bounds(value, value, value)

    @staticmethod
    def between(low: float, high: float) -> "Bounds":
        """Nothing is known but the ends."""
        return Bounds((low + high) / 2, low, high)

    def scaled(self, factor: float) -> "Bounds":
        """The same in another unit."""
        return Bounds(self.value * factor, self.low * factor, self.high * factor)


def total(parts: Iterable[Bounds]) -> Bounds:
    """The sum of independent parts, with the sums of their ends."""
    known = list(parts)
    return Bounds(sum(p.value for p in known), sum(p.low for p in known), sum(p.high for p in known))


@dataclass(frozen=True)
class Estimate:
    """What training a model will take.

    Attributes:
        family: the model's kind.
        why: why this family, in one sentence.
        steps: optimizer steps, or rounds (None where the family has none).
        parameters, trainable_parameters: exact counts (None where the family has none before it is fitted).
        tokens: what is known of them: mean per row, per epoch, in all (empty for tables).
        memory_mb: part → megabytes (10^6 bytes).
        peak_mb: the peak of them all.
        training_s: seconds of the training itself.
        validation_s: seconds of the validations within it.
        general_s: seconds of what is asked before the training and after it.
        measured: what was measured on this machine, and how (empty: nothing was).
        give_up: when to stop before the end, one sentence each.
        calibration: the past runs that it was set right by, and what it was before (empty: by none).
    """

    family: str
    why: str
    steps: int | None
    parameters: int | None
    trainable_parameters: int | None
    tokens: Mapping[str, float]
    memory_mb: Mapping[str, Bounds]
    peak_mb: Bounds
    training_s: Bounds
    validation_s: Bounds
    general_s: Bounds = Bounds(0.0, 0.0, 0.0)
    measured: Mapping[str, Any] = field(default_factory=dict)
    give_up: list[str] = field(default_factory=list)
    calibration: Mapping[str, Any] = field(default_factory=dict)

    @property
    def total_s(self) -> Bounds:
        """Seconds from start to end."""
        return total([self.training_s, self.validation_s, self.general_s])
