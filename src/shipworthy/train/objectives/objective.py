"""What a network learns from rows, and how it is measured: the seam between the training step and what is learned.

An objective's module is called as its kind and has `create(request)`. The step knows rows, batches and what each of
their targets costs; whatever else depends on what is learned stands behind this protocol.

Shapes: N targets of a batch.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl
import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters.nf4 import Quantizer
from shipworthy.models.causal_lm.chat import Chat
from shipworthy.models.causal_lm.fitness import Batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.protocol import Prediction


@dataclass(frozen=True)
class Part:
    """Some of the validation rows, predicted.

    Attributes:
        predictions: one for each row, in order.
        loss: the sum of what their targets cost.
        targets: how many they are.
        generated: token ids of each answer, where the network writes.
    """

    predictions: Sequence[Prediction]
    loss: float
    targets: int
    generated: Sequence[Sequence[int]] = field(default_factory=list)


class Objective(Protocol):
    """What a run's network learns.

    Attributes:
        chat: the tokenizer and template of a network that is asked in words (None: it is not).
        guessing: what a target costs a network that knows nothing, in the unit of the loss.
    """

    chat: Chat | None
    guessing: float

    def network(self, dtype: torch.dtype, quantizer: Quantizer | None = None) -> PreTrainedModel:
        """The network before it is trained, without an adapter; what is drawn is drawn by the run's seed.

        Args:
            quantizer: which weights are kept in fewer bits (None: none).
        """
        ...

    def rows(self, split: pl.DataFrame) -> list[Row]:
        """What each row of a split teaches."""
        ...

    def losses(self, network: PreTrainedModel, batch: Batch) -> torch.Tensor:
        """What each target of a batch costs: loss_N (float32)."""
        ...

    def predict(self, network: PreTrainedModel, rows: pl.DataFrame) -> Part:
        """What the network says of validation rows, and what their targets cost it.

        Args:
            network: in evaluation mode, an adapter (if any) in its place.
        """
        ...

    def words(self, row: Row) -> dict[str, str]:
        """A row as a person reads it: `prompt` and `answer`."""
        ...

    def write(self, folder: Path) -> None:
        """Writes what the trained model needs beside its weights."""
        ...
