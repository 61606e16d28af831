"""What is to be estimated, and by whom: `network` for a network that is trained in steps, else `fitted`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Estimate
from shipworthy.architect.rows import Expected
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.quantities import Quantities, RowLengths, StepTiming


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
    timing: StepTiming | None = None


def estimate(problem: Problem) -> Estimate:
    """What training will take."""
    from shipworthy.architect.estimate import fitted, network

    module = network if problem.quantities else fitted
    result: Estimate = module.estimate(problem)
    if not result.measured:
        return result
    return replace(result, measured={**result.measured, "busy": busy(problem.load, problem.machine.cores)})


def busy(load: float, cores: int) -> str:
    """A warning where others used more than a quarter of the machine before anything was measured, else nothing.

    Args:
        load: processes that wanted a core, the mean of a minute.
    """
    if load <= cores / 4:
        return ""
    return f"the machine was busy (load {load:.1f} on {cores} cores), so times are too long: plan again later"
