"""Gradient-boosted trees on a table."""

from collections.abc import Mapping
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig
from shipworthy.core.schema import schema


@schema("model", "xgboost")
class XGBoost(ModelConfig):
    """XGBoost with its own handling of categories and of missing cells (Chen and Guestrin 2016).

    Attributes:
        rounds: the most trees per class.
        early_stopping_rounds: it stops when the loss on validation has not fallen for so many trees.
        max_depth: of a tree (levels).
        learning_rate: share of each tree that is added (0 to 1).
        subsample: share of train's rows that each tree sees (0 to 1).
        colsample: share of the columns that each tree sees (0 to 1).
        min_child_weight: the least sum of hessians in a leaf.
        reg_lambda: L2 penalty on the leaves.
        threads: CPU threads; fixed, for sums in another order give other trees.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)

    rounds: int = 1000
    early_stopping_rounds: int = 50
    max_depth: int = 6
    learning_rate: float = 0.05
    subsample: float = 0.8
    colsample: float = 1.0
    min_child_weight: float = 1.0
    reg_lambda: float = 1.0
    threads: int = 2

    def __post_init__(self) -> None:
        """Refuses what XGBoost would take without a word or end on deep inside."""
        for name in ("rounds", "early_stopping_rounds", "max_depth", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"model.{name}={getattr(self, name)} is not a number from 1: give 1 or more.")
        for name in ("learning_rate", "subsample", "colsample"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"model.{name}={getattr(self, name)} is not a share: give more than 0 and at most 1.")
        for name in ("min_child_weight", "reg_lambda"):
            if getattr(self, name) < 0:
                raise UsageError(f"model.{name}={getattr(self, name)} is negative: give 0 or more.")
