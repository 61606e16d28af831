"""Logistic regression on a table."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema
from shipworthy.core.validation import one_of
from shipworthy.models.class_weight import CLASS_WEIGHTS, NONE


@schema("model", "logistic")
class Logistic(ModelConfig):
    """One-hot categories, imputed and scaled numbers, L2 penalty.

    Attributes:
        c: inverse of the penalty's strength (above 0).
        max_iter: the most steps of the solver (steps).
        max_categories: the most names of a column that get a feature of their own, the most frequent ones; the others
            share one (names).
        class_weight: how much a row counts: none (all alike), or balanced (each class as a whole alike: n rows /
            (classes * rows of its class), as scikit-learn). Balanced rows find more of a rare class, and its
            probabilities come out higher than its share of the rows: they are no longer calibrated.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}

    c: float = 1.0
    max_iter: int = 1000
    max_categories: int = 1000
    class_weight: str = NONE

    def __post_init__(self) -> None:
        """Refuses a penalty or a number that is not positive, and a weight that there is not."""
        one_of("model.class_weight", self.class_weight, CLASS_WEIGHTS)
        if self.c <= 0 or self.max_iter < 1 or self.max_categories < 1:
            raise UsageError("model.c must be above 0, model.max_iter and model.max_categories 1 or more: raise them.")
