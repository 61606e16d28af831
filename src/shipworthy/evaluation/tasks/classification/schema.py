"""Columns in, one of two or more classes out."""

from dataclasses import field
from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import schema
from shipworthy.core.validation import one_of
from shipworthy.evaluation.tasks.metric_names import no_threshold
from shipworthy.evaluation.tasks.schema import Task

MOST_LIKELY, THRESHOLD = "most_likely", "threshold"
"""How probabilities become an answer."""


@schema("task", "classification")
class Classification(Task):
    """Columns in, one of two or more classes out.

    Attributes:
        positive: the class that precision, recall and the areas under curves are of (empty: none).
        costs: answer → prediction → what it costs, from 0, in a unit of your choice; for the metric `cost`. Each class
            is named, and each wrong prediction of it; a right one costs nothing unless it is named, too.
        decision: how the trained model's probabilities become an answer: most_likely (the most likely class), or, of
            two classes, threshold (`positive` from a probability on that is chosen on validation, the best by
            `metric`). Baselines answer with the most likely class. What is chosen on validation looks a little too good
            there; test shows what it is worth.
    """

    metric: str = "accuracy"
    positive: str = ""
    costs: dict[str, dict[str, float]] = field(default_factory=dict)
    decision: str = MOST_LIKELY

    usual: ClassVar[str] = "accuracy"
    for_metrics: ClassVar[tuple[str, ...]] = ("costs",)

    def __post_init__(self) -> None:
        """Refuses costs that are not whole, and a threshold that cannot be chosen."""
        super().__post_init__()
        self._check_decision()
        classes = dict.fromkeys([*self.costs, *(name for row in self.costs.values() for name in row)])
        for answer in classes:
            if missing := [name for name in classes if name != answer and name not in self.costs.get(answer, {})]:
                raise UsageError(
                    f"task.costs does not say what it costs to call '{answer}' '{missing[0]}': add "
                    f"'{answer}: {{{missing[0]}: …}}'."
                )

    def _check_decision(self) -> None:
        one_of("task.decision", self.decision, (MOST_LIKELY, THRESHOLD))
        if self.decision == MOST_LIKELY:
            return
        if not self.positive:
            raise UsageError(
                "task.decision=threshold needs task.positive, the class that it is a threshold of: set it."
            )
        if why := no_threshold(self.metric):
            raise UsageError(
                f"task.decision=threshold has no use with task.metric={self.metric}, for {why}: leave it out, or "
                "decide by another metric, such as f1 or cost."
            )

    @property
    def measured(self) -> list[str]:
        """With the area under the curve, where there is a positive class."""
        return [*super().measured, *(["auc"] if self.positive else [])]
