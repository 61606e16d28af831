"""How a model is trained: the `trainer` and `optimizer` groups."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import OptimizerConfig, TrainerConfig
from shipworthy.core.schema import schema
from shipworthy.train.monitor.schema import Monitor, Overfitting, Patience
from shipworthy.train.replay.schema import Replay


def _positive(group: str, config: object, *names: str) -> None:
    for name in names:
        if (value := getattr(config, name)) <= 0:
            raise UsageError(f"{group}.{name}={value} must be above 0.")


@schema("trainer", "lightning")
class LightningTrainer(TrainerConfig):
    """Gradient steps on a network, by Lightning.

    Attributes:
        batch_size: rows per optimizer step, over all processes.
        micro_batch_size: rows in one pack; packs are computed side by side on a CPU, one after another on a GPU.
        auto_batch: find the largest micro-batch, up to this one, whose longest rows fit into memory.
        steps: optimizer steps.
        validate_every: steps between validations; each makes a checkpoint, and the best is the result.
        validation_rows: rows of the validation split (of texts in chunks: documents) that are generated for each
            validation (0: all).
        checkpoint_every: steps between checkpoints to resume from.
        keep: how many of the newest checkpoints are kept.
        unsaved: what follows when a checkpoint can't be written: `warn`, and the training goes on, or `stop`.
        clip: the largest global gradient norm.
        devices: processes on this machine, each with a device of its own; a run may go on with another number.
        threads: CPU threads of a process (0: its share of the cores); the weights' last bits depend on them only
            where they are more than a process has packs.
        loader_patience_s: the longest that a step's rows may take to be made (seconds).
        replay: general rows beside the task's.
        monitor: what is looked for while the run trains, and what is done when it is found.
        accept_unfit_plan: train although the plan says that it does not fit.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"model": ("causal_lm",), "adapter": ("lora",)}
    non_identity: ClassVar[tuple[str, ...]] = ("devices", "threads", "loader_patience_s", "accept_unfit_plan")

    batch_size: int = 16
    micro_batch_size: int = 8
    auto_batch: bool = False
    steps: int = 320
    validate_every: int = 80
    validation_rows: int = 200
    checkpoint_every: int = 20
    keep: int = 2
    unsaved: str = "warn"
    clip: float = 1.0
    devices: int = 1
    threads: int = 0
    loader_patience_s: float = 300.0
    replay: Replay = field(default_factory=Replay)
    monitor: Monitor = field(default_factory=Monitor)
    accept_unfit_plan: bool = False

    def __post_init__(self) -> None:
        _positive("trainer", self, "batch_size", "micro_batch_size", "steps", "validate_every", "checkpoint_every")
        _positive("trainer", self, "keep", "clip", "devices", "loader_patience_s")
        if self.validate_every > self.steps:
            raise UsageError(
                f"trainer.validate_every={self.validate_every} is above trainer.steps={self.steps}, so no checkpoint "
                "would ever be selected: lower it."
            )
        self._check_endings()
        if self.unsaved not in ("warn", "stop"):
            raise UsageError(f"trainer.unsaved={self.unsaved} must be warn or stop.")
        if self.devices > 1 and self.batch_size < self.devices:
            raise UsageError(
                f"trainer.batch_size={self.batch_size} is less than trainer.devices={self.devices}: raise it, or take "
                "fewer devices."
            )

    def _check_endings(self) -> None:
        """Refuses an early end that could come at the last step only, or never."""
        made = -(-self.steps // self.validate_every)
        for name in ("overfitting", "patience"):
            detector: Overfitting | Patience = getattr(self.monitor, name)
            if detector.action != type(detector).action and detector.earliest > made - (detector.action == "finish"):
                raise UsageError(
                    f"trainer.monitor.{name}.action={detector.action} would have no effect: it needs "
                    f"{detector.earliest} validations, and trainer.steps={self.steps} with "
                    f"trainer.validate_every={self.validate_every} makes {made}: lower "
                    f"trainer.validate_every or trainer.monitor.{name}.validations."
                )


@schema("trainer", "classical")
class ClassicalTrainer(TrainerConfig):
    """A family that fits itself in one call.

    Attributes:
        accept_unfit_plan: train although the plan says that it does not fit.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"adapter": ("none",), "optimizer": ("none",)}
    non_identity: ClassVar[tuple[str, ...]] = ("accept_unfit_plan",)

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
