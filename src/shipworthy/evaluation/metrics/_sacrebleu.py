"""What sacrebleu counts in each row, so that resamples are sums of counts."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.models.protocol import Prediction


def counted(metric: Any, predictions: Sequence[Prediction], answers: Sequence[str]) -> NDArray[np.float64]:
    """The statistics of each row, shape (n, statistics).

    Row by row, for sacrebleu would hold the n-grams of all answers at once. It has no public name for what its own
    bootstrap begins with; the tests compare with its public score.

    Args:
        metric: a sacrebleu.metrics.base.Metric.
    """
    pairs = zip(predictions, answers, strict=True)
    rows = [metric._extract_corpus_statistics([p.text], [[answer]])[0] for p, answer in pairs]
    return np.array(rows, dtype=np.float64)
