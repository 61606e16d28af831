"""A plain rule: verb and object of a sentence, in CamelCase."""

from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.models.baselines import prompt
from shipworthy.models.prompt_checks import checked


@schema("model", "verb_object")
class VerbObject(ModelConfig):
    """A sentence's first verb and what it acts on: "Deletes a component from an app." → DeleteComponent.

    Attributes:
        column: the column that holds the sentence.
        min_count: how often train must show a phrase before it overrules the rule (rows).
    """

    reads_prompt: ClassVar[bool] = True

    column: str = MISSING
    min_count: int = 3

    def __post_init__(self) -> None:
        """Refuses a count that lets what was never seen overrule the rule."""
        if self.min_count < 1:
            raise UsageError(f"model.min_count={self.min_count} is not a number from 1: give 1 or more.")

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:
        """As a baseline it reads the last column that the task's prompt names."""
        return cls(column=checked("task.prompt", prompt("verb_object", model, task)).columns[-1])
