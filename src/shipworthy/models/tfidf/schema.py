"""A linear model of a text's words."""

from collections.abc import Mapping
from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import MISSING, schema
from shipworthy.core.validation import one_of
from shipworthy.models.baselines import prompt
from shipworthy.models.class_weight import CLASS_WEIGHTS, NONE
from shipworthy.models.prompt_checks import checked

CLASSES, LABELS = "classes", "labels"


@schema("model", "tfidf")
class Tfidf(ModelConfig):
    """TF-IDF of words and runs of words, and logistic regression on it; the answers are its classes.

    Attributes:
        objective: what is learned: `classes`, or for a task of multi_label `labels`, each against the rest.
        template: the text; {column} stands for a column of the dataset, {{ and }} for braces.
        word_ngrams: the longest run of words that counts (words).
        min_count: in how many texts of train a run of words must stand to count (rows).
        c: inverse of the strength of the L2 penalty (above 0).
        max_iter: the most steps of the solver (steps).
        most_classes: the most distinct answers that it takes on: each has a weight for every run of words; of labels
            the most of them.
        class_weight: how much a row counts: none (all alike), or balanced (each class as a whole alike: n rows /
            (classes * rows of its class), as scikit-learn). Balanced rows find more of a rare class, and its
            probabilities come out higher than its share of the rows: they are no longer calibrated.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)
    reads_words: ClassVar[bool] = True
    reads_prompt: ClassVar[bool] = True

    tasks: ClassVar[tuple[str, ...]] = (*ModelConfig.tasks, "multi_label")

    objective: str = CLASSES
    template: str = MISSING
    word_ngrams: int = 2
    min_count: int = 2
    c: float = 3.0
    max_iter: int = 1000
    most_classes: int = 100
    class_weight: str = NONE

    def __post_init__(self) -> None:
        """Refuses numbers below one, a penalty that is not positive, and a weight that there is not."""
        one_of("model.objective", self.objective, (CLASSES, LABELS))
        one_of("model.class_weight", self.class_weight, CLASS_WEIGHTS)
        if self.class_weight != NONE and self.tells_labels:
            raise UsageError(
                f"model.class_weight={self.class_weight} has no effect with model.objective={self.objective}, for "
                "labels are no classes: leave it out."
            )
        if self.template not in ("", MISSING):
            checked("model.template", self.template)
        for name, least in {"word_ngrams": 1, "min_count": 1, "max_iter": 1, "most_classes": 2}.items():
            if getattr(self, name) < least:
                raise UsageError(f"model.{name}={getattr(self, name)} is too low: give {least} or more.")
        if self.c <= 0:
            raise UsageError(f"model.c={self.c} is no penalty's inverse: give more than 0.")

    @property
    def tells_labels(self) -> bool:
        """Whether it tells several labels of a row, not one class."""
        return self.objective == LABELS

    @property
    def learns(self) -> tuple[str, ...]:
        """The kinds of task that its objective is for."""
        return ("multi_label",) if self.tells_labels else ModelConfig.tasks

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:
        """As a baseline it reads what the task's prompt, or the model's template, says."""
        objective = LABELS if task.kind == "multi_label" else CLASSES
        return cls(objective=objective, template=prompt("tfidf", model, task))
