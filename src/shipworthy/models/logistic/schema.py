"""Logistic regression on a table."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "logistic")
class Logistic(ModelConfig):
    """One-hot categories, imputed and scaled numbers, L2 penalty.

    Attributes:
        c: inverse of the penalty's strength (above 0).
        max_iter: the most steps of the solver (steps).
        max_categories: the most names of a column that get a feature of their own, the most frequent ones; the others
            share one (names).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}

    c: float = 1.0
    max_iter: int = 1000
    max_categories: int = 1000

    def __post_init__(self) -> None:
        """Refuses a penalty or a number that is not positive."""
        if self.c <= 0 or self.max_iter < 1 or self.max_categories < 1:
            raise UsageError("model.c must be above 0, model.max_iter and model.max_categories 1 or more: raise them.")
