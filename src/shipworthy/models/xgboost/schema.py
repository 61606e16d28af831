"""Gradient-boosted trees on a table."""

from collections.abc import Mapping
from typing import ClassVar, Self

from shipworthy.core.errors import UsageError
from shipworthy.core.groups import ModelConfig, TaskConfig
from shipworthy.core.schema import schema
from shipworthy.core.validation import one_of
from shipworthy.models.class_weight import CLASS_WEIGHTS, NONE

CLASSES, LABELS = "classes", "labels"
QUANTILES = "quantiles"
NUMBERS = {
    "squared_error": ("reg:squarederror", "rmse"),
    "absolute_error": ("reg:absoluteerror", "mae"),
    QUANTILES: ("reg:quantileerror", "quantile"),
}
"""Objective → as XGBoost calls it, and the loss on validation that says when to stop."""


@schema("model", "xgboost")
class XGBoost(ModelConfig):
    """XGBoost with its own handling of categories and of missing cells (Chen and Guestrin 2016).

    Attributes:
        objective: what is learned: `classes`; for a task of multi_label `labels`, each on its own; or for a task of
            regression numbers, by the `squared_error` (towards their mean), the `absolute_error` (towards their
            median), or three `quantiles` by their pinball loss: the median and the ends of `interval`.
        interval: the share of rows that should lie between the two outer quantiles, that of task.interval (0: there are
            none). Trees of their own for each end make intervals wide where answers vary and narrow where they do not;
            those of the other objectives are as wide in every row.
        rounds: the most trees per class, label or quantile.
        early_stopping_rounds: it stops when the loss on validation has not fallen for so many trees.
        max_depth: of a tree (levels).
        learning_rate: share of each tree that is added (0 to 1).
        subsample: share of train's rows that each tree sees (0 to 1).
        colsample: share of the columns that each tree sees (0 to 1).
        min_child_weight: the least sum of hessians in a leaf.
        reg_lambda: L2 penalty on the leaves.
        class_weight: how much a row counts: none (all alike), or balanced (each class as a whole alike: n rows /
            (classes * rows of its class), as scikit-learn). Balanced rows find more of a rare class, and its
            probabilities come out higher than its share of the rows: they are no longer calibrated. The losses
            on train and on validation, which says when to stop, are weighted likewise.
        threads: CPU threads; fixed, for sums in another order give other trees.
    """

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"trainer": ("classical",), "adapter": ("none",)}
    provides: ClassVar[tuple[str, ...]] = ("in_process",)

    tasks: ClassVar[tuple[str, ...]] = ("classification", "multi_label", "regression")

    objective: str = CLASSES
    interval: float = 0.0
    rounds: int = 1000
    early_stopping_rounds: int = 50
    max_depth: int = 6
    learning_rate: float = 0.05
    subsample: float = 0.8
    colsample: float = 1.0
    min_child_weight: float = 1.0
    reg_lambda: float = 1.0
    class_weight: str = NONE
    threads: int = 2

    def __post_init__(self) -> None:
        """Refuses what XGBoost would take without a word or end on deep inside."""
        one_of("model.objective", self.objective, (CLASSES, LABELS, *NUMBERS))
        one_of("model.class_weight", self.class_weight, CLASS_WEIGHTS)
        if self.class_weight != NONE and not self.tells_classes:
            raise UsageError(
                f"model.class_weight={self.class_weight} has no effect with model.objective={self.objective}, for "
                "numbers and labels are no classes: leave it out."
            )
        self._check_interval()
        for name in ("rounds", "early_stopping_rounds", "max_depth", "threads"):
            if getattr(self, name) < 1:
                raise UsageError(f"model.{name}={getattr(self, name)} is not a number from 1: give 1 or more.")
        for name in ("learning_rate", "subsample", "colsample"):
            if not 0 < getattr(self, name) <= 1:
                raise UsageError(f"model.{name}={getattr(self, name)} is not a share: give more than 0 and at most 1.")
        for name in ("min_child_weight", "reg_lambda"):
            if getattr(self, name) < 0:
                raise UsageError(f"model.{name}={getattr(self, name)} is negative: give 0 or more.")

    def _check_interval(self) -> None:
        if self.tells_quantiles and not 0 < self.interval < 1:
            raise UsageError(
                "model.objective=quantiles learns the ends of an interval, and model.interval says of none: set "
                "task.interval=0.9, or another share of rows, and choose model=xgboost_quantiles."
            )
        if self.interval and not self.tells_quantiles:
            raise UsageError(
                f"model.interval has no effect with model.objective={self.objective}: leave it out; task.interval "
                "alone gives intervals to every model."
            )

    @property
    def quantiles(self) -> tuple[float, ...]:
        """Those that it learns, in order: the lower end, the median, the upper end; none with another objective."""
        tail = (1 - self.interval) / 2
        return (tail, 0.5, 1 - tail) if self.tells_quantiles else ()

    @property
    def tells_quantiles(self) -> bool:
        """Whether it learns quantiles of numbers."""
        return self.objective == QUANTILES

    @property
    def tells_classes(self) -> bool:
        """Whether it learns classes, neither labels nor numbers."""
        return self.objective == CLASSES

    @property
    def tells_labels(self) -> bool:
        """Whether it learns several labels of a row."""
        return self.objective == LABELS

    @property
    def learns(self) -> tuple[str, ...]:
        """The kind of task that its objective is for."""
        return ({CLASSES: "classification", LABELS: "multi_label"}.get(self.objective, "regression"),)

    @classmethod
    def as_baseline(cls, model: ModelConfig, task: TaskConfig) -> Self:  # noqa: ARG003
        """With the objective that the task asks for."""
        return cls(objective={"regression": "squared_error", "multi_label": LABELS}.get(task.kind, CLASSES))
