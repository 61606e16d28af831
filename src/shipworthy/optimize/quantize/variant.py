"""Compressed variants of the trained model: their scores, and which one is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.paired import NonInferiority, holm, noninferiority
from shipworthy.models.protocol import Prediction


@dataclass
class Variant:
    """A form of the model and its answers.

    Attributes:
        name: what reports call it.
        file: its file or folder, relative to the artifact.
        format: what can serve it: gguf, or the family's kind.
        size_mb: of the weights (10^6 bytes).
        predictions: on the test split's documents (see models/documents.py), in their order.
        sample: on the validation documents that were asked one by one, in their order.
        p95_s: 95th percentile of their latency (seconds, in the engine, without a server).
        details: what else is to be reported: tensor types, token parity, …
    """

    name: str
    file: str
    format: str
    size_mb: float
    predictions: Sequence[Prediction]
    sample: Sequence[Prediction]
    p95_s: float
    details: dict[str, Any] = field(default_factory=dict)


@dataclass
class Judged:
    """A variant that was scored.

    Attributes:
        correct: per test row; shape (n,).
        metrics: name → interval.
        test: non-inferiority to the uncompressed model; its p-value as if it were the only test.
        p_holm: the p-value adjusted for the number of variants (Holm 1979).
        alpha: level of the test.
        max_size_mb: the plan's limit.
    """

    variant: Variant
    correct: NDArray[np.bool_]
    metrics: dict[str, Interval]
    test: NonInferiority
    alpha: float
    max_size_mb: float
    p_holm: float = 1.0

    @property
    def holds(self) -> bool:
        """The loss was shown to be less than the margin."""
        return self.p_holm < self.alpha

    @property
    def fits(self) -> bool:
        """The weights are as small as the plan asks."""
        return self.variant.size_mb <= self.max_size_mb

    def to_json(self) -> dict[str, Any]:
        """As it stands in compressed.json."""
        v = self.variant
        return {
            "name": v.name,
            "file": v.file,
            "format": v.format,
            "size_mb": v.size_mb,
            "fits": self.fits,
            "metrics": {name: interval.to_json() for name, interval in self.metrics.items()},
            "noninferiority": {
                **self.test.to_json(),
                "p_value": self.p_holm,
                "p_value_unadjusted": self.test.p_value,
                "alpha": self.alpha,
                "holds": self.holds,
            },
            "p95_s": v.p95_s,
            **v.details,
        }


def judge(
    variant: Variant,
    correct: NDArray[np.bool_],
    metrics: dict[str, Interval],
    reference_correct: NDArray[np.bool_],
    criteria: Mapping[str, Any],
) -> Judged:
    """Non-inferiority of a variant to the uncompressed model, paired by row, by the plan's criteria.json."""
    alpha = criteria["alpha"]
    test = noninferiority(correct, reference_correct, criteria["noninferiority_margin"], alpha)
    return Judged(variant, correct, metrics, test, alpha, criteria["max_size_mb"])


def adjust(judged: Sequence[Judged]) -> None:
    """Sets `p_holm`: several variants had their chance to pass."""
    for one, p in zip(judged, holm([j.test.p_value for j in judged]), strict=True):
        one.p_holm = p


def smallest(judged: Sequence[Judged]) -> Judged | None:
    """The smallest variant that holds and fits, if there is one."""
    return min((j for j in judged if j.holds and j.fits), key=lambda j: j.variant.size_mb, default=None)


def choose(judged: Sequence[Judged]) -> tuple[Judged, bool, str]:
    """The variant that goes on, whether it meets the plan, and why it is this one.

    The smallest that holds and fits; else the smallest that holds; else the last, which is the least compressed.
    """
    margin = f"{judged[0].test.margin:.3f}"
    limit = f"{judged[0].max_size_mb:g} MB"
    tests = f"{len(judged)} variant{'s' if len(judged) > 1 else ''}, Holm-corrected, alpha {judged[0].alpha:g}"
    if best := smallest(judged):
        why = (
            f"{best.variant.name} is the smallest that was shown to lose less than {margin} ({tests}) and fits {limit}."
        )
        return best, True, why
    if held := [j for j in judged if j.holds]:
        best = min(held, key=lambda j: j.variant.size_mb)
        return (
            best,
            False,
            f"No variant loses less than {margin} ({tests}) and fits {limit}; {best.variant.name} fails the size only.",
        )
    last = judged[-1]
    return (
        last,
        False,
        f"No variant was shown to lose less than {margin} ({tests}); {last.variant.name} is the least compressed.",
    )
