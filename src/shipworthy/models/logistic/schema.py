"""Logistic regression on a table."""

from collections.abc import Mapping
from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import schema
from shipworthy.core.validation import one_of
from shipworthy.models.class_weight import CLASS_WEIGHTS, NONE

CLASSES, LABELS = "classes", "labels"


@schema("model", "logistic")
class Logistic(ModelConfig):
    """One-hot categories, imputed and scaled numbers, L2 penalty.

    Attributes:
        objective: what is learned: `classes`, or for a task of multi_label `labels`, each against the rest.
        c: inverse of the penalty's strength (above 0).
        max_iter: the most steps of the solver (steps).
        max_categories: the most names of a column that get a feature of their own, the most frequent ones; the others
            share one (names).
        class_weight: how much a row counts: none (all alike), or balanced (each class as a whole alike: n rows /
            (classes * rows of its class), as scikit-learn). Balanced rows find more of a rare class, and its
            probabilities come out higher than its share of the rows: they are no longer calibrated.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)

    tasks: ClassVar[tuple[str, ...]] = (*ModelConfig.tasks, "multi_label")

    objective: str = CLASSES
    c: float = 1.0
    max_iter: int = 1000
    max_categories: int = 1000
    class_weight: str = NONE

    def __post_init__(self) -> None:
        """Refuses a penalty or a number that is not positive, and a weight that there is not."""
        one_of("model.objective", self.objective, (CLASSES, LABELS))
        one_of("model.class_weight", self.class_weight, CLASS_WEIGHTS)
        if self.class_weight != NONE and self.tells_labels:
            raise UsageError(
                f"model.class_weight={self.class_weight} has no effect with model.objective={self.objective}, for "
                "labels are no classes: leave it out."
            )
        if self.c <= 0 or self.max_iter < 1 or self.max_categories < 1:
            raise UsageError("model.c must be above 0, model.max_iter and model.max_categories 1 or more: raise them.")

    @property
    def tells_labels(self) -> bool:
        """Whether it tells several labels of a row, not one class."""
        return self.objective == LABELS

    @property
    def learns(self) -> tuple[str, ...]:
        """The kinds of task that its objective is for."""
        return ("multi_label",) if self.tells_labels else ModelConfig.tasks

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:  # noqa: ARG003
        """With the objective that the task asks for."""
        return cls(objective=LABELS if task.kind == "multi_label" else CLASSES)
