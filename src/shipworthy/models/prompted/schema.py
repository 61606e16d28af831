"""The base model as it is, told or shown what to do."""

from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.evaluation.tasks.text_to_text.schema import TextToText
from shipworthy.models.causal_lm.schema import CausalLM


@schema("model", "zero_shot")
class ZeroShot(ModelConfig):
    """The base model, asked with the dataset's own prompts.

    Attributes:
        base: the model that is asked.
        max_new_tokens: the longest answer (tokens).
    """

    tasks: ClassVar[tuple[str, ...]] = CausalLM.tasks

    base: CausalLM = MISSING
    max_new_tokens: int = 24

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:
        """The pipeline's own base model, before it is trained."""
        base, text = _needed(cls.kind, model, task)
        return cls(base=base, max_new_tokens=text.max_new_tokens)


@schema("model", "few_shot")
class FewShot(ModelConfig):
    """The base model, shown solved examples from train in the turns before the question.

    Attributes:
        base: the model that is asked.
        max_new_tokens: the longest answer (tokens).
        system: the system message.
        template: the user's message; {column} stands for a column of the dataset.
        shots: solved examples (rows of train).
    """

    tasks: ClassVar[tuple[str, ...]] = CausalLM.tasks
    reads_prompt: ClassVar[bool] = True

    base: CausalLM = MISSING
    max_new_tokens: int = 24
    system: str = ""
    template: str = MISSING
    shots: int = 8

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:
        """The pipeline's own base model, before it is trained, with the task's own wording."""
        base, text = _needed(cls.kind, model, task)
        return cls(
            base=base,
            max_new_tokens=text.max_new_tokens,
            system=text.system,
            template=text.prompt,
            shots=text.shots,
        )


def _needed(name: str, model: ModelConfig, task: TaskConfig) -> tuple[CausalLM, TextToText]:
    if not isinstance(model, CausalLM) or not isinstance(task, TextToText):
        raise UsageError(
            f"Baseline '{name}' asks a language model for text, and model '{model.kind}' with task '{task.kind}' "
            "is no such thing: drop it from task.baselines."
        )
    if model.kind != CausalLM.kind:
        raise UsageError(
            f"Baseline '{name}' asks the base model as it is, and model '{model.kind}' has learned nothing yet: drop "
            "it from task.baselines."
        )
    return model, task
