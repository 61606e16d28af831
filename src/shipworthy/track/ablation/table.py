"""What each decision contributes: paired differences with intervals, corrected for their number.

A pair are two trainings on the same seed, validated on the same rows, that differ in one decision. Another seed and
other rows would both give another difference, so its variance is that over seeds plus that over rows: two crossed
random effects, whose common rest is counted twice, on the safe side. The interval is Student's, with Satterthwaite's
degrees of freedom (1946, Biometrics Bulletin 2:110).
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import holm
from shipworthy.track.ablation.design import Training
from shipworthy.track.ablation.schema import Ablation

Scores = Mapping[Training, NDArray[np.float64]]
"""Of each training that came to an end what its validation rows, or groups of them, add to the metric, which is their
mean: shape (units,); or shape (1,), the metric itself, where rows say nothing of its variance."""


@dataclass(frozen=True)
class Contribution:
    """What one decision contributes to the metric.

    Attributes:
        name: of the decision.
        difference: metric with the decision minus metric without it (in the metric's unit).
        p: two-sided paired t-test; 1 where it can't be said.
        p_holm: the same, corrected for the number of decisions (Holm 1979).
        seeds: pairs that there are.
        more_is_better: of the metric.
    """

    name: str
    difference: Interval
    p: float
    p_holm: float
    seeds: int
    more_is_better: bool = True

    @property
    def words(self) -> str:
        """What may be said of it."""
        if self.seeds < 2:
            return "too few trainings came to an end"
        if self.p_holm >= 1 - self.difference.level:
            return "no effect was shown"
        return "helps" if (self.difference.value > 0) == self.more_is_better else "harms"

    def to_json(self) -> dict[str, Any]:
        """As it stands in ablation.json."""
        interval = {key: getattr(self.difference, key) for key in ("low", "high", "level")}
        own = {key: value for key, value in asdict(self).items() if key not in ("difference", "more_is_better")}
        return {**own, "difference": self.difference.value, **interval, "words": self.words}


def contributions(
    config: Ablation, trainings: Sequence[Training], scores: Scores, *, more_is_better: bool = True
) -> list[Contribution]:
    """One row per decision, in the config's order."""
    # What is dropped from a recipe contributes what its absence costs; what is added, what its presence brings.
    sign = 1 if config.design == "add_one" else -1
    found = []
    for name in config.changes:
        differences = [sign * one for one in _by_seed(name, trainings, scores)]
        found.append((name, *paired(differences, config.level), len(differences)))
    corrected = holm([p for _, _, p, _ in found])
    return [
        Contribution(name, interval, p, p_holm, seeds, more_is_better)
        for (name, interval, p, seeds), p_holm in zip(found, corrected, strict=True)
    ]


def _by_seed(name: str, trainings: Sequence[Training], scores: Scores) -> Iterator[NDArray[np.float64]]:
    """For each seed the difference that the change makes, by row; a pair of which one did not end is left out.

    Of a factorial design it is the mean over all settings of the other decisions.
    """
    known = {(one.changed, one.seed): scores[one] for one in trainings if one in scores}
    for seed in sorted({one.seed for one in trainings}):
        pairs = [
            known[changed, seed] - known[without, seed]
            for changed in dict.fromkeys(one.changed for one in trainings if name in one.changed)
            if (changed, seed) in known
            and ((without := tuple(other for other in changed if other != name)), seed) in known
        ]
        if pairs:
            yield np.mean(pairs, axis=0)


def paired(differences: Sequence[NDArray[np.float64]], level: float) -> tuple[Interval, float]:
    """The mean of paired differences with its interval, and the p-value of 'it is 0'.

    Args:
        differences: one per seed, each of shape (rows,).
        level: confidence of the interval (0 to 1).
    """
    if not differences:
        return Interval(math.nan, -math.inf, math.inf, level), 1.0
    table = np.stack(differences)
    mean = float(table.mean())
    if len(table) < 2:
        return Interval(mean, -math.inf, math.inf, level), 1.0
    # (variance of the mean, degrees of freedom) by seeds, and by rows where there are rows
    parts = [
        (float(means.var(ddof=1)) / len(means), len(means) - 1)
        for means in (table.mean(1), table.mean(0))
        if len(means) > 1
    ]
    variance = sum(part for part, _ in parts)
    if not variance:
        return Interval(mean, mean, mean, level), 0.0 if mean else 1.0
    freedom = variance**2 / sum(part**2 / n for part, n in parts)
    half = float(student.ppf((1 + level) / 2, freedom)) * math.sqrt(variance)
    return Interval(mean, mean - half, mean + half, level), float(
        2 * student.sf(abs(mean) / math.sqrt(variance), freedom)
    )
