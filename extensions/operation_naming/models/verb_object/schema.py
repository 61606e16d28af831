"""A plain rule: verb and object of a sentence, in CamelCase."""

import string
from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.models.baselines import prompt


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
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:  # noqa: ARG003
        """As a baseline it reads the last column that the task's prompt names."""
        template = prompt("verb_object", task)
        columns = [name for _, name, _, _ in string.Formatter().parse(template) if name]
        if not columns:
            raise UsageError(f"task.prompt='{template}' names no column: write the text's column in braces.")
        return cls(column=columns[-1])
