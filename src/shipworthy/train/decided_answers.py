"""What a model answers to the validation rows once these have told what they tell beyond its fit."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from shipworthy.evaluation import calibration
from shipworthy.evaluation.tasks.classification.schema import THRESHOLD, Classification
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.evaluation.threshold import Chosen, choose
from shipworthy.models import conformal, decision
from shipworthy.models.bounded import bounded
from shipworthy.models.conformal import Conformal
from shipworthy.models.decided import decided
from shipworthy.models.protocol import Prediction
from shipworthy.train.validation_answers import Answers


@dataclass(frozen=True)
class Decided:
    """The answers, and what they follow from.

    Attributes:
        threshold: from which probability a class is answered (None: the most likely one is).
        interval: how far the intervals of numbers reach (None: there are none).
    """

    answers: Answers
    threshold: Chosen | None = None
    interval: Conformal | None = None

    def write(self, folder: Path) -> None:
        """Saves beside the model what it answers by from now on (see models/build.load)."""
        if self.threshold:
            decision.write(self.threshold.decision, folder)
        if self.interval:
            conformal.write(self.interval, folder)


def decide(task: Task, validation: pl.DataFrame, given: Sequence[Prediction]) -> Decided:
    """By the threshold that `task.decision` asks for, or with the intervals that `task.interval` asks for.

    Args:
        given: what the model itself says of `validation`, which has `id` and `answer`.

    Raises:
        UsageError: a threshold is asked for, and the predictions have no probabilities of two classes.
    """
    right = validation["answer"].to_list()
    if isinstance(task, Classification) and task.decision == THRESHOLD:
        chosen = choose(task, given, right)
        return Decided(Answers.of(task, validation, decided(chosen.decision, given)), threshold=chosen)
    if interval := calibration.interval(task, given, right):
        return Decided(Answers.of(task, validation, bounded(interval, given)), interval=interval)
    return Decided(Answers.of(task, validation, given))
