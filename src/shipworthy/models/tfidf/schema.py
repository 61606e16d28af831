"""A linear model of a text's words."""

from collections.abc import Mapping
from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.models.baselines import prompt
from shipworthy.models.prompt_checks import checked


@schema("model", "tfidf")
class Tfidf(ModelConfig):
    """TF-IDF of words and runs of words, and logistic regression on it; the answers are its classes.

    Attributes:
        template: the text; {column} stands for a column of the dataset, {{ and }} for braces.
        word_ngrams: the longest run of words that counts (words).
        min_count: in how many texts of train a run of words must stand to count (rows).
        c: inverse of the strength of the L2 penalty (above 0).
        max_iter: the most steps of the solver (steps).
        most_classes: the most distinct answers that it takes on: each has a weight for every run of words.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)
    reads_words: ClassVar[bool] = True
    reads_prompt: ClassVar[bool] = True

    template: str = MISSING
    word_ngrams: int = 2
    min_count: int = 2
    c: float = 3.0
    max_iter: int = 1000
    most_classes: int = 100

    def __post_init__(self) -> None:
        """Refuses numbers below one, and a penalty that is not positive."""
        if self.template not in ("", MISSING):
            checked("model.template", self.template)
        for name, least in {"word_ngrams": 1, "min_count": 1, "max_iter": 1, "most_classes": 2}.items():
            if getattr(self, name) < least:
                raise UsageError(f"model.{name}={getattr(self, name)} is too low: give {least} or more.")
        if self.c <= 0:
            raise UsageError(f"model.c={self.c} is no penalty's inverse: give more than 0.")

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:  # noqa: ARG003
        """As a baseline it reads what the task's prompt says."""
        return cls(template=prompt("tfidf", task))
