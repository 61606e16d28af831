"""How the rate changes over a training: schedules, in shares of the optimizer's highest rate."""

from dataclasses import dataclass

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ScheduleConfig
from shipworthy.core.schema import schema

FORMS = ("1-sqrt", "linear", "cosine")


@dataclass
class Schedule(ScheduleConfig):
    """What all schedules have.

    Attributes:
        warmup: in which the rate rises in equal steps: a share of all steps (below 1) or a number of steps (from 1).
    """

    warmup: float = 0.06

    def __post_init__(self) -> None:
        self._part("warmup")

    def _part(self, name: str) -> None:
        value = getattr(self, name)
        if value < 0 or (value >= 1 and value != int(value)):
            raise UsageError(
                f"schedule.{name}={value} must be a share of all steps, from 0 to below 1, or a whole number of them."
            )

    def _share(self, name: str) -> None:
        if not 0 <= (value := getattr(self, name)) < 1:
            raise UsageError(f"schedule.{name}={value} must be from 0 to below 1.")


@schema("schedule", "constant")
class Constant(Schedule):
    """The highest rate to the end."""


@schema("schedule", "linear")
class Linear(Schedule):
    """Down in equal steps.

    Attributes:
        floor: the last rate, as a share of the highest (0 to below 1).
    """

    floor: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        self._share("floor")


@schema("schedule", "cosine")
class Cosine(Linear):
    """Down half a wave of a cosine (Loshchilov and Hutter 2017)."""

    floor: float = 0.05


@schema("schedule", "wsd")
class WSD(Linear):
    """Warm-up, stable, decay: the highest rate until the last part, so that a run can be prolonged (Hu et al. 2024).

    Attributes:
        decay: the last part, in which the rate falls: a share of all steps (below 1) or a number of steps (from 1).
        form: how it falls: `1-sqrt` (one minus the root of what is done: Hägele et al. 2024), `linear` or `cosine`.
    """

    decay: float = 0.2
    form: str = "1-sqrt"

    def __post_init__(self) -> None:
        super().__post_init__()
        self._part("decay")
        if not self.decay:
            raise UsageError("schedule.decay=0 leaves nothing in which the rate falls: take schedule=constant.")
        if self.form not in FORMS:
            raise UsageError(f"schedule.form={self.form} must be one of {', '.join(FORMS)}.")
        if self.warmup < 1 and self.decay < 1 and self.warmup + self.decay > 1:
            raise UsageError(
                f"schedule.warmup={self.warmup} and schedule.decay={self.decay} are more than all steps: lower one."
            )


@schema("schedule", "inverse_sqrt")
class InverseSqrt(Schedule):
    """Down with the root of the steps made, wherever the training ends (Vaswani et al. 2017)."""
