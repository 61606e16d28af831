"""From a baseline's name in `task.baselines` to its config, and what that takes from the task."""

from typing import Any

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.lazy import Lazy
from shipworthy.core.schema import SCHEMAS
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText

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
    if task.kind in config.learns and config.fits_itself:
        return config
    others = ", ".join(kind for kind, one in SCHEMAS["model"].items() if _could_be(one, task.kind))
    what = f"which learns {' or '.join(config.learns)}, not {task.kind}"
    if task.kind in config.learns:
        what = "a network, which a trainer trains"
    raise UsageError(f"task.baselines names '{name}', {what}: choose of {others}.")


def _could_be(family: type, task: str) -> bool:
    """Whether models of a family learn such tasks, by themselves."""
    return issubclass(family, ModelConfig) and task in family.tasks and family.fits_itself


def prompt(name: str, model: ModelConfig, task: TaskConfig) -> str:
    """The template of the text that a baseline reads: the task's prompt, or else that of the pipeline's own model.

    Raises:
        UsageError: neither has one.
    """
    if isinstance(task, TextToText):
        return task.prompt
    if not model.reads_prompt:
        raise UsageError(
            f"Baseline '{name}' reads a text, and the task has none, nor has model '{model.kind}': drop it from "
            "task.baselines."
        )
    return str(getattr(model, "template"))  # noqa: B009 (not every model has one)
