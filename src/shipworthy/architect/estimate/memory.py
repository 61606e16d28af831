"""Memory of families that fit themselves: libraries, the splits, and what the family counts of its own fit."""

from dataclasses import asdict, dataclass
from typing import Any

from shipworthy.architect.estimate.estimate import Bounds, total
from shipworthy.architect.estimate.problem import Problem
from shipworthy.core.groups import ModelConfig
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models import baselines, fit_memory
from shipworthy.models.fit_memory import FitSize

MB = 1e6
LIBRARIES_MB = Bounds(290, 190, 440)
"""What Python, polars, scikit-learn, XGBoost and the command take before rows are read (measured on Linux)."""
FRAMES = Bounds(1.6, 1.0, 2.5)
"""Over the splits themselves: what reading them holds, and parts of them that are at work."""
INTERVALS_MB = Bounds(160, 60, 260)
"""What the bootstrap of a metric holds that is no share of right rows (evaluation/resampling.py, with CELLS counts)."""
COUNTED = Bounds(1.0, 0.6, 1.6)
"""How far what a family counts of itself may be off."""


@dataclass(frozen=True)
class BaselineMemory:
    """The memory of fitting and asking one baseline.

    Attributes:
        name: of the baseline.
        parts: what for → megabytes (empty: its family doesn't say).
        corrected: their sum as past fits set it right (None: by none).
    """

    name: str
    parts: dict[str, Bounds]
    corrected: Bounds | None = None

    @property
    def peak_mb(self) -> Bounds | None:
        """Of the process that fits it; None where its family doesn't say."""
        return self.corrected or (total(self.parts.values()) if self.parts else None)

    def to_json(self) -> dict[str, Any]:
        """As it is in plan.json."""
        parts = {name: asdict(part) for name, part in self.parts.items()}
        return {"name": self.name, "parts": parts, "total": asdict(self.peak_mb) if self.peak_mb else None}


def of_fit(model: ModelConfig, problem: Problem) -> dict[str, Bounds]:
    """What for → megabytes at the peak of a process that fits the model; nothing for a family that doesn't say."""
    expected = problem.expected
    size = FitSize(problem.sample, expected.train, expected.validation, expected.test)
    counted = fit_memory.parts(model, size)
    if counted is None:
        return {}
    fit = {name: COUNTED.scaled(value / MB) for name, value in counted.items() if value > 0}
    intervals = {} if _counts_alone(problem.task) else {"intervals": INTERVALS_MB}
    return {"libraries": LIBRARIES_MB, "splits": FRAMES.scaled(size.frame_bytes / MB), **fit, **intervals}


def _counts_alone(task: Task) -> bool:
    """Whether all of a task's metrics are shares of right rows, whose intervals follow from counts."""
    return all(metric(name).KIND == "right" for name in task.measured)


def of_baselines(problem: Problem) -> list[BaselineMemory]:
    """Of each of the task's.

    Raises:
        UsageError: one is no baseline of this task.
    """
    task = problem.task
    configs = {name: baselines.as_baseline(name, problem.model, task) for name in task.baselines}
    return [BaselineMemory(name, of_fit(config, problem)) for name, config in configs.items()]
