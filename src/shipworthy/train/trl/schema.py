"""Training by TRL: the settings of our own trainer that it has, too."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import schema
from shipworthy.train.schema import LightningTrainer

IGNORED = (
    "packing",
    "auto_batch",
    "continue_from",
    "checkpoint_every",
    "unsaved",
    "offload_activations",
    "devices",
    "loader_patience_s",
    "replay",
    "monitor",
)
"""What only our own trainer reads."""


@schema("trainer", "trl")
class TRLTrainer(LightningTrainer):
    """Supervised fine-tuning by TRL's SFTTrainer, on the same rows in the same order, to the same kind of checkpoint.

    A checkpoint is kept at each validation, and the best is the one of the lowest validation loss, as TRL counts it:
    the mean of the means of micro-batches. Nothing is monitored, packed or replayed; of epochs the last batch is whole.

    Attributes:
        batch_size: rows per optimizer step; a multiple of `micro_batch_size`.
        micro_batch_size: rows that are computed at once, padded.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        **LightningTrainer.needs,
        "model": ("causal_lm",),
        "objective": ("sft",),
        "strategy": ("ddp",),
        "adapter": ("lora", "none"),
    }
    asks_general: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        usual = LightningTrainer()
        for name in IGNORED:
            if getattr(self, name) != getattr(usual, name):
                raise UsageError(
                    f"trainer.{name} is not supported with trainer=trl: leave it out, or take trainer=lightning."
                )
        if self.activation_checkpointing == "selective":
            raise UsageError(
                "trainer.activation_checkpointing=selective is not supported with trainer=trl: take full or none."
            )
        if self.batch_size % self.micro_batch_size:
            raise UsageError(
                f"trainer.batch_size={self.batch_size} is no multiple of trainer.micro_batch_size="
                f"{self.micro_batch_size}, and TRL accumulates whole micro-batches: change one of the two."
            )
