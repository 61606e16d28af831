"""Columns in, a number out."""

from typing import ClassVar

from shipworthy.core.schema import schema
from shipworthy.evaluation.tasks.schema import Task


@schema("task", "regression")
class Regression(Task):
    """Columns in, a number out.

    The answer of a row is its label as text, as it stands in the file; what a spreadsheet shows (`1,234.50 €`) is
    written plainly. Rows whose label is no number are left out.
    """

    metric: str = "mae"

    usual: ClassVar[str] = "mae"
    numeric: ClassVar[bool] = True
