"""How a model is trained: the `trainer` and `optimizer` groups."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import OptimizerConfig, TrainerConfig
from shipworthy.core.schema import schema


def _positive(group: str, config: object, *names: str) -> None:
    for name in names:
        if (value := getattr(config, name)) <= 0:
            raise UsageError(f"{group}.{name}={value} must be above 0.")


@schema("trainer", "lightning")
class LightningTrainer(TrainerConfig):
    """Gradient steps on a network, by Lightning.

    Attributes:
        batch_size: rows per step.
        steps: optimizer steps.
        validate_every: steps between validations; each makes a checkpoint, and the best is handed on.
        validation_rows: rows of the validation split that are generated for each validation (0: all).
        checkpoint_every: steps between checkpoints to resume from.
        keep: how many of the newest checkpoints are kept.
        clip: the largest global gradient norm.
        threads: CPU threads (0: as many as there are cores); the weights' last bits depend on it.
        accept_unfit_plan: train although the plan says that it does not fit.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",), "adapter": ("lora",)}

    batch_size: int = 16
    steps: int = 320
    validate_every: int = 80
    validation_rows: int = 200
    checkpoint_every: int = 20
    keep: int = 2
    clip: float = 1.0
    threads: int = 0
    accept_unfit_plan: bool = False

    def __post_init__(self) -> None:
        _positive("trainer", self, "batch_size", "steps", "validate_every", "checkpoint_every", "keep", "clip")
        if self.validate_every > self.steps:
            raise UsageError(
                f"trainer.validate_every={self.validate_every} is above trainer.steps={self.steps}, so no checkpoint "
                "would ever be selected: lower it."
            )


@schema("trainer", "classical")
class ClassicalTrainer(TrainerConfig):
    """A family that fits itself in one call.

    Attributes:
        accept_unfit_plan: train although the plan says that it does not fit.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"adapter": ("none",), "optimizer": ("none",)}

    accept_unfit_plan: bool = False


@schema("optimizer", "adamw")
class AdamW(OptimizerConfig):
    """AdamW with linear warm-up and a cosine down to a floor (Loshchilov and Hutter 2019).

    Attributes:
        lr: the highest rate.
        beta1, beta2: decay of the averages of the first and second moment.
        eps: added to the root of the second moment.
        weight_decay: per step, times the rate.
        warmup: share of the steps in which the rate rises (0 to 1).
        floor: the last rate, as a share of `lr` (0 to 1).
    """

    lr: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    eps: float = 1e-8
    weight_decay: float = 0.0
    warmup: float = 0.06
    floor: float = 0.05

    def __post_init__(self) -> None:
        _positive("optimizer", self, "lr", "eps")
        for name in ("beta1", "beta2", "warmup", "floor"):
            if not 0 <= getattr(self, name) < 1:
                raise UsageError(f"optimizer.{name}={getattr(self, name)} must be from 0 to below 1.")


@schema("optimizer", "none")
class NoOptimizer(OptimizerConfig):
    """The family brings its own."""
