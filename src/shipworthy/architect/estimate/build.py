"""Chooses who estimates: the file of this folder named as the model's kind, else `fitted` for what fits itself."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import polars as pl

from shipworthy.architect.compute.schema import Machine
from shipworthy.architect.estimate.estimate import Estimate
from shipworthy.architect.rows import Expected
from shipworthy.core.groups import ModelConfig
from shipworthy.core.lazy import Lazy
from shipworthy.evaluation.tasks.schema import Task

ESTIMATES = Lazy("shipworthy.architect.estimate.{model.kind}", otherwise="shipworthy.architect.estimate.fitted")


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


def estimate(problem: Problem, measure: Callable[..., Any]) -> Estimate:
    """What training will take.

    Args:
        measure: takes a few real training steps of a network (train/'s own; roles don't import one another).
    """
    module = ESTIMATES.load(problem.model)
    load = os.getloadavg()[0]
    result: Estimate = module.estimate(problem, measure)
    if not result.measured:
        return result
    return replace(result, measured={**result.measured, "busy": busy(load, problem.machine.cores)})


def busy(load: float, cores: int) -> str:
    """A warning where others used more than a quarter of the machine before anything was measured, else nothing.

    Args:
        load: processes that wanted a core, the mean of a minute.
    """
    if load <= cores / 4:
        return ""
    return f"the machine was busy (load {load:.1f} on {cores} cores), so times are too long: plan again later"
