"""What the checks before a run look at, and what they say."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel

from shipworthy.models.adapters.network import Network, base_of, trained_of
from shipworthy.models.causal_lm.fitness import Batch, make_batch
from shipworthy.models.causal_lm.packed import Row
from shipworthy.models.losses import losses as usual
from shipworthy.models.precision import PRECISIONS, Precision
from shipworthy.train.lightning.gradients import Losses
from shipworthy.train.optimizers.schema import Rule
from shipworthy.train.schema import LightningTrainer

FLOAT32 = PRECISIONS["float32"]


@dataclass(frozen=True)
class Writing:
    """What the answers of a network that writes should be.

    Attributes:
        answers: the texts of each row's: one, or those of a conversation's turns.
        decode: token ids to text, without special tokens.
        eos_id: the token that ends an answer.
        max_new_tokens: of a generated answer.
        pad_id: the token that fills up shorter rows, if any.
    """

    answers: Sequence[Sequence[str]]
    decode: Callable[[list[int]], str]
    eos_id: int
    max_new_tokens: int
    pad_id: int | None = None


@dataclass(frozen=True)
class Context:
    """A run that is about to begin.

    Attributes:
        network: as the first step will find it.
        rows: the training rows, truncated as they will be.
        guessing: what a target costs a network that knows nothing.
        losses: what the targets of a batch cost.
        writing: what is known of the answers of a network that writes (None: it does not).
        save, load: writes a checkpoint into an empty folder, and puts it back into the network (and into whatever
            `state` shows).
        batches: what the training loop iterates over; each `iter()` begins anew.
        run: the run's folder.
        workers: threads that compute a step's packs side by side.
        precision: in which they are computed.
        state: tensors beside the weights that a checkpoint must bring back, such as the optimizer's.
        patience: the longest wait for a batch (seconds).
    """

    network: Network
    rows: Sequence[Row]
    guessing: float
    trainer: LightningTrainer
    optimizer: Rule
    seed: int
    save: Callable[[Path], None]
    load: Callable[[Path], None]
    batches: Iterable[Any]
    run: Path
    writing: "Writing | None" = None
    losses: Losses = usual
    workers: int = 1
    precision: Precision = FLOAT32
    state: Callable[[], Mapping[str, torch.Tensor]] | None = None
    patience: float = 20.0

    @property
    def base(self) -> PreTrainedModel:
        """The network itself, an adapter's updates in place."""
        return base_of(self.network)

    def batch(self, rows: Sequence[Row]) -> Batch:
        """The rows as the network computes them, on its device."""
        return make_batch(self.base, rows).to(self.base.device)

    def trained(self) -> dict[str, torch.nn.Parameter]:
        """What the optimizer will change."""
        return trained_of(self.network)

    def spread(self, count: int) -> list[Row]:
        """Rows of all lengths, from the shortest to the longest."""
        ordered = sorted(self.rows, key=len)
        last = len(ordered) - 1
        return [ordered[round(i * last / max(1, count - 1))] for i in range(min(count, len(ordered)))]


@dataclass(frozen=True)
class Outcome:
    """What one check found.

    Attributes:
        measured: the numbers that it went by, with their unit in the name.
        sentence: what they say.
    """

    passed: bool
    sentence: str
    measured: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Check:
    """One thing that must hold before a run is worth its hours.

    Attributes:
        name: what it makes sure of.
        run: looks.
        remedy: what to do where it fails.
        needs: names of checks without which this one says nothing.
        of_writing: whether it says something of a network that writes answers only.
    """

    name: str
    run: Callable[[Context], Outcome]
    remedy: str
    needs: tuple[str, ...] = ()
    of_writing: bool = False


@dataclass(frozen=True)
class Result:
    """A check's outcome; `passed` is None where it was not run, and the sentence says why."""

    name: str
    passed: bool | None
    measured: Mapping[str, float]
    sentence: str
    seconds: float

    def to_json(self) -> dict[str, Any]:
        """As it is in preflight.json; JSON has no name for what is not a number."""
        measured = {name: value if math.isfinite(value) else None for name, value in self.measured.items()}
        return {**vars(self), "measured": measured}
