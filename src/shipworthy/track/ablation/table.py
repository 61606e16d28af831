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

from shipworthy.evaluation.claims import BETTER, OPEN, WORSE, decide
from shipworthy.evaluation.intervals import Interval
from shipworthy.track.ablation.design import Training
from shipworthy.track.ablation.schema import Ablation

Scores = Mapping[Training, NDArray[np.float64]]
"""Of each training that came to an end what its validation rows, or groups of them, add to the metric, which is their
mean: shape (units,); or shape (1,), the metric itself, where rows say nothing of its variance."""


SAID = {BETTER: "helps", WORSE: "harms", OPEN: "no effect was shown"}
"""Of a recipe with a decision, against the same without it."""


@dataclass(frozen=True)
class Contribution:
    """What one decision contributes to the metric.

    Attributes:
        name: of the decision.
        difference: metric with the decision minus metric without it (in the metric's unit).
        p: two-sided paired t-test; 1 where it can't be said.
        p_holm: the same, corrected for the number of decisions (Holm 1979).
        seeds: pairs that there are.
        words: what may be said of it.
    """

    name: str
    difference: Interval
    p: float
    p_holm: float
    seeds: int
    words: str

    def to_json(self) -> dict[str, Any]:
        """As it stands in ablation.json."""
        interval = {key: getattr(self.difference, key) for key in ("low", "high", "level")}
        return {**asdict(self), "difference": self.difference.value, **interval}


@dataclass(frozen=True)
class Crossed:
    """The mean of paired differences over seeds and rows (see evaluation/paired.Pair).

    Attributes:
        value: candidate - reference, in the metric's unit (NaN: there is no pair).
        error: its standard error (inf: of one seed nobody knows it).
        freedom: degrees of freedom of Student's distribution.
        n: seeds.
    """

    value: float
    error: float
    freedom: float
    n: int
    test: str = "paired t-test of seeds and rows"
    wins: int | None = None
    losses: int | None = None

    @property
    def p_value(self) -> float:
        """Of 'it is 0'."""
        return min(1.0, 2 * min(self.p_at_most(0.0), self.p_at_least(0.0)))

    def interval(self, level: float) -> Interval:
        """Student's."""
        if math.isinf(self.error):
            return Interval(self.value, -math.inf, math.inf, level)
        half = float(student.ppf((1 + level) / 2, self.freedom)) * self.error
        return Interval(self.value, self.value - half, self.value + half, level)

    def p_at_most(self, bound: float) -> float:
        """By Student's distribution."""
        if math.isinf(self.error) or not self.error:
            return float(math.isinf(self.error) or self.value <= bound)
        return float(student.sf((self.value - bound) / self.error, self.freedom))

    def p_at_least(self, bound: float) -> float:
        """By Student's distribution."""
        return Crossed(-self.value, self.error, self.freedom, self.n).p_at_most(-bound)


def contributions(config: Ablation, trainings: Sequence[Training], scores: Scores, metric: str) -> list[Contribution]:
    """One row per decision, in the config's order.

    Args:
        metric: that the scores are of.
    """
    # What is dropped from a recipe contributes what its absence costs; what is added, what its presence brings.
    sign = 1 if config.design == "add_one" else -1
    pairs = [crossed([sign * one for one in _by_seed(name, trainings, scores)]) for name in config.changes]
    return [
        Contribution(
            name,
            pair.interval(config.level),
            pair.p_value,
            claim.p_value,
            pair.n,
            "too few trainings came to an end" if pair.n < 2 else SAID[claim.words],
        )
        for name, pair, claim in zip(config.changes, pairs, decide(metric, pairs, 1 - config.level), strict=True)
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


def crossed(differences: Sequence[NDArray[np.float64]]) -> Crossed:
    """The mean of paired differences.

    Args:
        differences: one per seed, each of shape (rows,).
    """
    if len(differences) < 2:
        value = float(differences[0].mean()) if differences else math.nan
        return Crossed(value, math.inf, 1.0, len(differences))
    table = np.stack(differences)
    # (variance of the mean, degrees of freedom) by seeds, and by rows where there are rows
    parts = [
        (float(means.var(ddof=1)) / len(means), len(means) - 1)
        for means in (table.mean(1), table.mean(0))
        if len(means) > 1
    ]
    variance = sum(part for part, _ in parts)
    freedom = variance**2 / sum(part**2 / n for part, n in parts) if variance else 1.0
    return Crossed(float(table.mean()), math.sqrt(variance), freedom, len(table))
