"""Columns in, a number out."""

from typing import ClassVar

from shipworthy.core.errors import UsageError
from shipworthy.core.schema import schema
from shipworthy.evaluation.tasks.schema import Task

INTERVALS = ("interval_coverage", "interval_width")
"""Metrics that are always reported of intervals."""


@schema("task", "regression")
class Regression(Task):
    """Columns in, a number out.

    The answer of a row is its label as text, as it is in the file; what a spreadsheet shows (`1,234.50 €`) is
    written plainly. Rows whose label is no number are left out.

    Attributes:
        interval: in which share of rows an interval beside each answer should hold the right number, such as 0.9; how
            wide that is the validation rows tell, of baselines as of the model (0: no intervals).
    """

    metric: str = "mae"
    interval: float = 0.0

    usual: ClassVar[str] = "mae"
    numeric: ClassVar[bool] = True

    def __post_init__(self) -> None:
        """Refuses a share that no interval has."""
        if not 0 <= self.interval < 1:
            raise UsageError(
                f"task.interval={self.interval:g} is no share below 1: 0.9 asks for intervals that hold the right "
                "number in 90% of rows, 0 for none."
            )
        super().__post_init__()

    @property
    def measured(self) -> list[str]:
        """With how often intervals hold the answer and how wide they are, where there are any."""
        return list(dict.fromkeys([*super().measured, *(INTERVALS if self.interval else ())]))
