"""What a model answers to the validation rows once its decision is made on them."""

from collections.abc import Sequence

import polars as pl

from shipworthy.evaluation import threshold
from shipworthy.evaluation.tasks.classification.schema import THRESHOLD, Classification
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.decided import decided
from shipworthy.models.protocol import Prediction
from shipworthy.train.validation_answers import Answers


def decide(
    task: Task, validation: pl.DataFrame, given: Sequence[Prediction]
) -> tuple[Answers, threshold.Chosen | None]:
    """The answers, and the threshold that was chosen for them where `task.decision` asks for one.

    Raises:
        UsageError: it asks for one, and the predictions have no probabilities of two classes.
    """
    if not isinstance(task, Classification) or task.decision != THRESHOLD:
        return Answers.of(task, validation, given), None
    chosen = threshold.choose(task, given, validation["answer"].to_list())
    return Answers.of(task, validation, decided(chosen.decision, given)), chosen
