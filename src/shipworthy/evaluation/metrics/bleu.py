"""BLEU of the corpus: n-grams of words, one to four, that are in the answers."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.metrics._counting import ratio
from shipworthy.evaluation.metrics._sacrebleu import counted
from shipworthy.evaluation.tasks.schema import Task
from shipworthy.models.protocol import Prediction

ORDERS = 4

TITLE = "BLEU"
GREATER_IS_BETTER = True
KIND = "whole"
UNIT = "share"
TASKS = ("text_to_text",)
LIBRARY = "sacrebleu.metrics.BLEU (tokenizer 13a, exponential smoothing)"
MIND = "Of answers shorter than four words it is near 0, or 0: it is made for sentences. 41.2% is called BLEU 41.2."


def score(task: Task, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """Lengths of prediction and answer, right n-grams, and n-grams of the prediction; shape (n, 10)."""
    from sacrebleu.metrics import BLEU

    return counted(BLEU(force=True), predictions, answers)


def statistic(rows: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """By sacrebleu's definition (Papineni et al. 2002; Post 2018, arXiv:1804.08771); see metric.Metric.statistic."""
    sums = counts @ rows
    said, right, hits, total = sums[:, 0], sums[:, 1], sums[:, 2 : 2 + ORDERS], sums[:, 2 + ORDERS :]
    # What is never right counts as half a right one, the next as a quarter, and so on.
    halved = 0.5 ** np.cumsum(hits == 0, axis=1)
    precision = ratio(np.where(hits > 0, hits, halved), total)
    known = (hits.max(axis=1) > 0) & (total.min(axis=1) > 0)
    mean = np.exp(np.log(np.where(known[:, None], precision, 1.0)).mean(axis=1))
    brevity = np.exp(np.minimum(0.0, 1 - ratio(right, said)))
    return np.where(right > 0, np.where(known, brevity * mean, 0.0), np.nan)
