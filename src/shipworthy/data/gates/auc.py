"""The area under the ROC curve, with its interval."""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from shipworthy.evaluation.intervals import Interval


def auc(positive_N: NDArray[np.bool_], score_N: NDArray[Any], level: float = 0.95) -> Interval:
    """The area, and the interval of Hanley and McNeil (1982, Radiology 143:29), on the logit where it stays below 1.

    Args:
        positive_N: which rows are of the class.
        score_N: the larger, the more likely the class.
        level: confidence level of the interval (0 to 1).
    """
    area = float(roc_auc_score(positive_N, score_N))
    yes, no = int(positive_N.sum()), int((~positive_N).sum())
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (yes - 1) * (q1 - area**2) + (no - 1) * (q2 - area**2)) / (yes * no)
    if not 0 < area < 1:
        return Interval(area, area, area, level)
    reach = NormalDist().inv_cdf((1 + level) / 2) * float(np.sqrt(variance)) / (area * (1 - area))
    center = float(np.log(area / (1 - area)))
    return Interval(area, _logistic(center - reach), _logistic(center + reach), level)


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
