"""The area under the ROC curve, with its interval."""

from statistics import NormalDist
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from shipworthy.evaluation.intervals import Interval


def auc(positive_N: NDArray[np.bool_], score_N: NDArray[Any], level: float = 0.95) -> Interval:
    """The area with its interval.

    Args:
        positive_N: which rows are of the class.
        score_N: the larger, the more likely the class.
        level: confidence level of the interval (0 to 1).
    """
    return interval_of(
        float(roc_auc_score(positive_N, score_N)), int(positive_N.sum()), int((~positive_N).sum()), level
    )


def interval_of(area: float, yes: int, no: int, level: float = 0.95) -> Interval:
    """The interval of an area: that of Hanley and McNeil (1982, Radiology 143:29), on the logit.

    Few rows that are told apart without a fault prove little: an end is never nearer to 1 (or to 0) than that of a
    share (Wilson) of as many rows as the rarer side has, all of them right.

    Args:
        area: under the ROC curve.
        yes, no: rows of the class, and the others.
        level: confidence level (0 to 1).
    """
    z = NormalDist().inv_cdf((1 + level) / 2)
    nearest = min(yes, no) / (min(yes, no) + z**2)
    low, high = _hanley(area, yes, no, z)
    return Interval(area, min(low, nearest), max(high, 1 - nearest), level)


def _hanley(area: float, yes: int, no: int, z: float) -> tuple[float, float]:
    if not 0 < area < 1:
        return area, area
    q1, q2 = area / (2 - area), 2 * area**2 / (1 + area)
    variance = (area * (1 - area) + (yes - 1) * (q1 - area**2) + (no - 1) * (q2 - area**2)) / (yes * no)
    reach = z * float(np.sqrt(max(0.0, variance))) / (area * (1 - area))
    center = float(np.log(area / (1 - area)))
    return _logistic(center - reach), _logistic(center + reach)


def _logistic(value: float) -> float:
    return float(1 / (1 + np.exp(-value)))
