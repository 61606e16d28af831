"""Linear regression on a table."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "ridge")
class Ridge(ModelConfig):
    """One-hot categories, imputed and scaled numbers, L2 penalty (Hoerl and Kennard 1970, Technometrics 12:55).

    Attributes:
        penalty: strength of the L2 penalty on the weights of scaled columns (above 0).
        max_categories: the most names of a column that get a feature of their own, the most frequent ones; the others
            share one (names).
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)
    tasks: ClassVar[tuple[str, ...]] = ("regression",)

    penalty: float = 1.0
    max_categories: int = 1000

    def __post_init__(self) -> None:
        """Refuses a penalty or a number that is not positive."""
        if self.penalty <= 0 or self.max_categories < 1:
            raise UsageError("model.penalty must be above 0, model.max_categories 1 or more: raise them.")
