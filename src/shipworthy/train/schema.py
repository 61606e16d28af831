"""How a model is trained: the `trainer` group."""

from collections.abc import Mapping
from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import TrainerConfig
from shipworthy.core.schema import schema
from shipworthy.train.monitor.schema import Monitor, Overfitting, Patience
from shipworthy.train.replay.schema import Replay

KNOWN = {
    "precision": ("auto", "float32", "tf32", "bf16", "bf16_mixed", "fp16_mixed"),  # see models/precision.py
    "activation_checkpointing": ("none", "full", "selective"),  # see models/activations.py
    "packing": ("auto", "on", "off"),
    "unsaved": ("warn", "stop"),
}
"""The values of a trainer's fields that have few."""


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
        packing: whether the rows of a micro-batch share a sequence, behind one copy of what all of them begin with:
            `auto` (where the network's losses are the same so, which is tried first), `on`, or `off` (side by side,
            filled up to the longest).
        auto_batch: find the largest micro-batch, up to this one, whose longest rows fit into memory.
        steps: optimizer steps.
        epochs: how often each row is seen, e.g. 3 or 0.5; where it is above 0, it stands for `steps`.
        tokens: of all rows that are seen, prompts included; where it is above 0, it stands for `steps`.
        continue_from: another run, by its id or folder, of which this one takes weights, moments and the rows seen, and
            goes on at its own rates to its own length; `RUN@STEP` from a step that it kept, else from the newest.
        validate_every: steps between validations; each makes a checkpoint, and the best is the result.
        validate_epochs: epochs between validations, e.g. 0.25; where it is above 0, it stands for `validate_every`.
        validation_rows: rows of the validation split (of texts in chunks: documents) that are generated for each
            validation (0: all).
        checkpoint_every: steps between checkpoints to resume from.
        keep: how many of the newest checkpoints are kept.
        unsaved: what follows when a checkpoint can't be written: `warn`, and the training goes on, or `stop`.
        clip: the largest global gradient norm.
        precision: of the training: `float32`; `tf32` (a GPU's rounded products of float32 matrices); `bf16` (weights
            and products in 16 bits, but for the weights of an adapter); `bf16_mixed` (weights in 32 bits, products in
            16); `fp16_mixed` (the same in float16, with a scaled loss: for GPUs before Ampere); or `auto` (bf16 where
            GPU or processor have instructions for it, else float32).
        activation_checkpointing: which layers keep their inputs only, and are computed again in the backward pass:
            `none`, `full` (all: least memory, about a third more time) or `selective` (every second one).
        offload_activations: what these layers keep waits in main memory (GPUs only).
        devices: processes on this machine, each with a device of its own; a run may go on with another number.
        threads: CPU threads of a process (0: its share of the cores); the weights' last bits depend on them only
            where they are more than a process has packs.
        loader_patience_s: the longest that a step's rows may take to be made (seconds).
        replay: general rows beside the task's.
        monitor: what is looked for while the run trains, and what is done when it is found.
        accept_unfit_plan: train although the plan says that it does not fit.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "model": ("causal_lm", "sequence_classifier"),
        "optimizer": ("gradient_steps",),
    }
    non_identity: ClassVar[tuple[str, ...]] = (
        "devices",
        "threads",
        "loader_patience_s",
        "accept_unfit_plan",
        "continue_from",  # the checkpoint itself is an input
    )
    asks_general: ClassVar[bool] = True  # whether general questions are asked before, in and after a training

    batch_size: int = 16
    micro_batch_size: int = 8
    packing: str = "auto"
    auto_batch: bool = False
    steps: int = 320
    epochs: float = 0.0
    tokens: int = 0
    continue_from: str = ""
    validate_every: int = 80
    validate_epochs: float = 0.0
    validation_rows: int = 200
    checkpoint_every: int = 20
    keep: int = 2
    unsaved: str = "warn"
    clip: float = 1.0
    precision: str = "float32"
    activation_checkpointing: str = "none"
    offload_activations: bool = False
    devices: int = 1
    threads: int = 0
    loader_patience_s: float = 300.0
    replay: Replay = field(default_factory=Replay)
    monitor: Monitor = field(default_factory=Monitor)
    accept_unfit_plan: bool = False

    def __post_init__(self) -> None:
        _positive("trainer", self, "batch_size", "micro_batch_size", "steps", "validate_every", "checkpoint_every")
        _positive("trainer", self, "keep", "clip", "devices", "loader_patience_s")
        if self.epochs and self.tokens:
            raise UsageError(
                f"trainer.epochs={self.epochs:g} and trainer.tokens={self.tokens} both say how long the training is: "
                "leave one out."
            )
        if not (self.epochs or self.tokens or self.validate_epochs):  # else the rows must be known
            self.check_length()
        for name, known in KNOWN.items():
            if (value := getattr(self, name)) not in known:
                raise UsageError(f"trainer.{name}={value} must be one of {', '.join(known)}.")
        if self.offload_activations and self.activation_checkpointing == "none":
            raise UsageError(
                "trainer.offload_activations=true has no effect without trainer.activation_checkpointing=full or "
                "selective: choose one, or leave it out."
            )
        if self.devices > 1 and self.batch_size < self.devices:
            raise UsageError(
                f"trainer.batch_size={self.batch_size} is less than trainer.devices={self.devices}: raise it, or take "
                "fewer devices."
            )

    def check_length(self) -> None:
        """Refuses validations that would come too late, and an early end that could come at the last step only."""
        if self.validate_every > self.steps:
            raise UsageError(
                f"trainer.validate_every={self.validate_every} is above trainer.steps={self.steps}, so no checkpoint "
                "would ever be selected: lower it."
            )
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
    ignores: ClassVar[Mapping[str, str]] = {
        "adapter": "none",
        "objective": "sft",
        "schedule": "cosine",
        "strategy": "ddp",
    }
    non_identity: ClassVar[tuple[str, ...]] = ("accept_unfit_plan",)

    accept_unfit_plan: bool = False
