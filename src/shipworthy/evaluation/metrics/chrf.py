"""chrF of the corpus: n-grams of characters, one to six, that prediction and answer share."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import mean_of_known, ratio
from shipworthy.evaluation.metrics._sacrebleu import counted
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

BETA = 2

TITLE = "chrF"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "sacrebleu.metrics.CHRF"
MIND = "Recall counts twice as much as precision, white space nothing. It suits languages with long words."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Of each order the n-grams of prediction and answer, and those that they share; shape (n, 18)."""
    from sacrebleu.metrics import CHRF

    return counted(CHRF(), predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """By sacrebleu's definition (Popović 2015, 10.18653/v1/W15-3049); see metric.Metric.statistic."""
    sums = (counts @ rows).reshape(len(counts), -1, 3)
    said, right, shared = sums[:, :, 0], sums[:, :, 1], sums[:, :, 2]
    both = (said > 0) & (right > 0)
    precision = mean_of_known(np.where(both, ratio(shared, said), np.nan))
    recall = mean_of_known(np.where(both, ratio(shared, right), np.nan))
    found = np.nan_to_num(ratio((1 + BETA**2) * precision * recall, BETA**2 * precision + recall))
    return np.where(right[:, 0] > 0, found, np.nan)
