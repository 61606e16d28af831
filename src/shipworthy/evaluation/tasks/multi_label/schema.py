"""Columns in, none, one or several labels out."""

import json
from typing import ClassVar

from shipworthy.core.schema import schema
from shipworthy.evaluation.tasks.schema import Task


@schema("task", "multi_label")
class MultiLabel(Task):
    """Columns in, none, one or several labels out.

    The answer of a row is a JSON list of its labels, sorted and each once (models/label_lists.py); in the file it is a
    list, or text whose labels stand apart by `data.separator`.
    """

    metric: str = "micro_f1"

    usual: ClassVar[str] = "subset_accuracy"

    def labels(self, answer: str) -> set[str]:
        """Those of the list."""
        return set(json.loads(answer))
