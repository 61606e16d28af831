"""The answer of the most similar row of train."""

from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.models.baselines import prompt
from shipworthy.models.prompt_checks import checked


@schema("model", "nearest")
class Nearest(ModelConfig):
    """TF-IDF of words and of characters; cosine similarity.

    Attributes:
        template: what is compared; {column} stands for a column of the dataset, {{ and }} for braces.
        word_ngrams: the longest run of words that counts (words).
        char_ngrams: the longest run of characters within a word that counts (characters, from 3).
    """

    tasks: ClassVar[tuple[str, ...]] = (*ModelConfig.tasks, "multi_label")
    reads_prompt: ClassVar[bool] = True

    template: str = MISSING
    word_ngrams: int = 2
    char_ngrams: int = 5

    def __post_init__(self) -> None:
        """Refuses lengths that make no n-grams."""
        if self.template not in ("", MISSING):
            checked("model.template", self.template)
        if self.word_ngrams < 1 or self.char_ngrams < 3:
            raise UsageError("model.word_ngrams must be 1 or more and model.char_ngrams 3 or more: raise them.")

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:
        """As a baseline it compares what the task's prompt, or the model's template, says."""
        return cls(template=prompt("nearest", model, task))
