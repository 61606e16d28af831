"""What a trainer is asked for."""

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shipworthy.core.groups import (
    AdapterConfig,
    ModelConfig,
    ObjectiveConfig,
    OptimizerConfig,
    ScheduleConfig,
    StrategyConfig,
    TrainerConfig,
)
from shipworthy.evaluation.tasks.schema import Task


@dataclass(frozen=True)
class Request:
    """Plain values, so that it can be given to other processes.

    Each trainer's `fit` module has its own `Request` (this one, or one with narrower types), and
    `fit(request, records, target)` and `check(request)`.

    Attributes:
        train, validation: splits with `id` and `answer`; for a language model with `prompt_ids` and `answer_ids`.
        run: the run's folder, where checkpoints are kept.
    """

    task: Task
    model: ModelConfig
    adapter: AdapterConfig
    objective: ObjectiveConfig
    trainer: TrainerConfig
    optimizer: OptimizerConfig
    schedule: ScheduleConfig
    strategy: StrategyConfig
    train: pl.DataFrame
    validation: pl.DataFrame
    seed: int
    run: Path
    run_id: str
