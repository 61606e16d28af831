"""What a network is made of and what a training step of it takes: counted once, by its family, for all roles.

A family whose networks are trained in steps has two files beside its schema: `quantities.py` with
`of(model, adapter) -> Quantities`, and `lengths.py` with `row_lengths(model, task, rows) -> RowLengths`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import polars as pl

from shipworthy.core.groups import AdapterConfig, ModelConfig
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.tasks.schema import Task

COUNTED, LENGTHS = Lazy("{model}.quantities"), Lazy("{model}.lengths")
MB = 1e6


@dataclass(frozen=True)
class BatchShape:
    """Rows that are computed at once.

    Attributes:
        prefix: tokens that all rows begin with, computed once (0: nothing is shared).
        lengths: further input tokens of each row.
        supervised: tokens whose loss is computed.
    """

    prefix: int
    lengths: tuple[int, ...]
    supervised: int

    @property
    def tokens(self) -> int:
        """Tokens that are computed."""
        return self.prefix + sum(self.lengths)

    @property
    def longest(self) -> int:
        """Tokens of the longest row, the prefix included."""
        return self.prefix + max(self.lengths)


@dataclass(frozen=True)
class RowLengths:
    """Tokens of prompt and answer of rows, those that fit the longest row that is trained on.

    Attributes:
        per_document: how many rows a document makes on average, where texts are divided into chunks.
    """

    rows: list[tuple[int, int]]
    per_document: float = 1.0

    @property
    def mean(self) -> float:
        """Mean tokens of a row."""
        return sum(prompt + answer for prompt, answer in self.rows) / len(self.rows)

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return max(prompt + answer for prompt, answer in self.rows)

    @property
    def answer(self) -> float:
        """Mean tokens of an answer."""
        return sum(answer for _, answer in self.rows) / len(self.rows)

    def shapes(self) -> list[BatchShape]:
        """Each row alone: its last token is a target only."""
        return [BatchShape(0, (prompt + answer - 1,), answer) for prompt, answer in self.rows]

    def mean_batch(self, rows: int) -> BatchShape:
        """A batch of rows of the mean length."""
        return BatchShape(0, (round(self.mean) - 1,) * rows, round(rows * self.answer))

    def longest_batch(self, rows: int) -> BatchShape:
        """A batch of rows as long as the longest."""
        _, answer = max(self.rows, key=sum)
        return BatchShape(0, (self.longest - 1,) * rows, rows * answer)


@dataclass(frozen=True)
class GeneralLengths:
    """What a training asks and replays beside the task's rows: tokens of prompt and answer of each.

    Attributes:
        asked: general questions, asked before the training and of the selected step.
        during: those of them that are asked at each validation.
        replayed: rows that may stand in batches beside the task's.
        share: of a batch's rows that do, on average.
        written: whether the network first writes their answers itself.
    """

    asked: Sequence[tuple[int, int]]
    during: Sequence[tuple[int, int]]
    replayed: Sequence[tuple[int, int]]
    share: float
    written: bool

    @property
    def for_each(self) -> float:
        """Replayed rows for each of the task's."""
        return self.share / (1 - self.share)


@dataclass(frozen=True)
class MemoryParts:
    """Where the memory of a training step goes (bytes).

    Attributes:
        weights: of the network and its adapter, there before the step.
        gradients: of the trained weights: their sum, and a micro-batch's own where its activations leave no room.
        optimizer: its states; as they are, or as the first step will make them.
        activations: what the forward pass leaves for the backward pass, at its peak.
        logits: of the vocabulary projection, with their softmax and gradient.
    """

    weights: float
    gradients: float
    optimizer: float
    activations: float
    logits: float

    @property
    def step(self) -> float:
        """What a step takes beside weights and optimizer (bytes)."""
        return self.gradients + self.activations + self.logits

    @property
    def total(self) -> float:
        """All of it (bytes)."""
        return self.weights + self.optimizer + self.step

    def named(self) -> dict[str, float]:
        """Name, as users read it → bytes."""
        names = {"optimizer": "optimizer states", "logits": "vocabulary projection"}
        return {names.get(name, name): value for name, value in asdict(self).items()}

    def __str__(self) -> str:
        return ", ".join(f"{name} {value / MB:,.0f} MB" for name, value in self.named().items())


class Rule(Protocol):
    """What updates the weights: the choice of the group `optimizer`, as far as memory follows from it."""

    def state_bytes(self, shape: Sequence[int], itemsize: int) -> float:
        """What it keeps beside a trained weight (bytes).

        Args:
            shape: of the weight.
            itemsize: of its numbers (bytes).
        """
        ...


class Quantities(Protocol):
    """A network with its adapter, counted as it is trained: in its precision, with its activations kept or made again.

    Attributes:
        base_parameters: of the network without its adapter.
        parameters, trainable_parameters: with it.
        draws: whether training steps draw random numbers (dropout).
        one_at_a_time: whether micro-batches would disturb one another if they were computed side by side.
    """

    base_parameters: int
    parameters: int
    trainable_parameters: int
    draws: bool
    one_at_a_time: bool

    def flops(self, batches: Iterable[BatchShape]) -> float:
        """Floating-point operations of forward and backward pass over the batches."""
        ...

    def memory(self, batch: BatchShape, rule: Rule, side_by_side: int = 1, *, on_gpu: bool = False) -> MemoryParts:
        """The parts of a step, from shapes alone: nothing is computed.

        Args:
            batch: the largest micro-batch.
            rule: whose states are counted.
            side_by_side: micro-batches that are computed at the same time.
        """
        ...

    def checkpoint_bytes(self, rule: Rule) -> float:
        """What a run goes on from: trained weights with the rule's states."""
        ...


@dataclass(frozen=True)
class StepTiming:
    """What a few real training steps took on this machine.

    Attributes:
        seconds_per_step: mean over the measured steps, the first (warm-up) left out.
        tokens_per_second: of prompt and answer, without padding.
        peak_memory_mb: the largest resident memory of the process after a step.
        steps: measured steps.
        trainable_parameters: of the network that was trained.
    """

    seconds_per_step: float
    tokens_per_second: float
    peak_memory_mb: float
    steps: int
    trainable_parameters: int


def of(model: ModelConfig, adapter: AdapterConfig, trainer: Any, *, on_gpu: bool = False) -> Quantities | None:
    """Of the network that would be trained, from its shapes, without its weights; None for a family without networks.

    Args:
        trainer: whose `precision`, `activation_checkpointing` and `offload_activations` are read.
        on_gpu: whether it would be trained on a GPU (from Ampere on), else on this machine's processor.

    Raises:
        ArtifactError: its base was not fetched.
        UsageError: the processor cannot compute in that precision, or the network not make its activations again.
    """
    counted: Quantities | None = None
    if COUNTED.name(model):
        counted = COUNTED.load(model).of(model, adapter, trainer, on_gpu=on_gpu)
    return counted


def row_lengths(model: ModelConfig, task: Task, rows: pl.DataFrame) -> RowLengths | None:
    """Tokens of rows as the model is trained on them; None for a family without tokens.

    Args:
        rows: with the task's inputs and `answer`.

    Raises:
        UsageError: the task asks for something else than the model answers, or no row fits.
        ArtifactError: the model's tokenizer was not fetched.
    """
    found: RowLengths | None = LENGTHS.load(model).row_lengths(model, task, rows) if LENGTHS.name(model) else None
    return found
