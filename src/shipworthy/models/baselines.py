"""From a baseline's name in `task.baselines` to its config, and what that takes from the task."""

from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.lazy import Lazy
from shipworthy.core.schema import SCHEMAS
from shipworthy.evaluation.tasks.schema import TextToText

FAMILIES = Lazy("{task.baselines}.family")
"""What build.py loads for them."""


def as_baseline(name: str, model: ModelConfig, task: TaskConfig) -> ModelConfig:
    """The family's default settings, with what it takes from the pipeline's model and task.

    A family that needs nothing of them has no `as_baseline` of its own.

    Raises:
        UsageError: there is no such family, or it cannot be a baseline of this task.
    """
    cls: Any = SCHEMAS["model"].get(name)
    if cls is None:
        raise UsageError(f"task.baselines names '{name}', which is no model: choose of {', '.join(SCHEMAS['model'])}.")
    config: ModelConfig = cls.as_baseline(model, task) if hasattr(cls, "as_baseline") else cls()
    return config


def prompt(name: str, task: TaskConfig) -> str:
    """The template of the text that a baseline reads: the task's prompt.

    Raises:
        UsageError: the task has none.
    """
    if not isinstance(task, TextToText):
        raise UsageError(f"Baseline '{name}' reads a text, and the task has none: drop it from task.baselines.")
    return task.prompt
