"""What is to be estimated."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.rows import Expected
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.quantities import GeneralLengths, Quantities, RowLengths, StepTiming


@dataclass(frozen=True)
class Problem:
    """What is to be estimated.

    Attributes:
        adapter, trainer, optimizer: as the training takes them; they are its own, so they are read by field here.
        sample: cleaned rows with their inputs and `answer`.
        features: the columns that a model may look at.
        expected: how many rows each split will have.
        machine: with cores and memory filled in.
        seed: of what is measured.
        load: processes that wanted a core before anything was measured, the mean of a minute.
        quantities: of the network that would be trained (None: the family fits itself).
        lengths: tokens of the sample's rows, where there is a network.
        general: what the training asks and replays beside these rows (None: nothing).
        timing: of a few of its training steps on this machine (None: nothing was timed, for the plan is for another).
    """

    task: Task
    model: ModelConfig
    adapter: Any
    trainer: Any
    optimizer: Any
    sample: pl.DataFrame
    features: Sequence[str]
    expected: Expected
    machine: Machine
    seed: int
    load: float = 0.0
    quantities: Quantities | None = None
    lengths: RowLengths | None = None
    general: GeneralLengths | None = None
    timing: StepTiming | None = None
