"""Compressed variants of the trained model: their scores, and which one is chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shipworthy.evaluation import claims, figures, paired, scores, slices
from shipworthy.evaluation.claims import WORSE, Claim
from shipworthy.evaluation.intervals import Interval
from shipworthy.evaluation.metric import metric
from shipworthy.evaluation.resampling import Resampling
from shipworthy.evaluation.tasks.schema import Task
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
        compressed: whether something was done to the model.
    """

    name: str
    file: str
    format: str
    size_mb: float
    predictions: Sequence[Prediction]
    sample: Sequence[Prediction]
    p95_s: float
    details: dict[str, Any] = field(default_factory=dict)
    compressed: bool = True


@dataclass(frozen=True)
class Judged:
    """A variant that was scored.

    Attributes:
        scored: each test row by the deciding metric; shape (n, ...).
        correct: right or wrong, where the task's usual metric says so; shape (n,).
        metrics: name → interval.
        slices: every metric by slice (see evaluation/slices.record).
        claim: what was shown of it against the uncompressed model, among as many variants as there are.
        same: whether it is the model itself, and gives its answers.
        tolerant: whether one that is worse, by less than the margin, may go on.
        max_size_mb: the plan's limit.
    """

    variant: Variant
    scored: NDArray[Any]
    correct: NDArray[np.bool_] | None
    metrics: dict[str, Interval]
    slices: Mapping[str, Any]
    claim: Claim
    same: bool
    tolerant: bool
    max_size_mb: float

    @property
    def holds(self) -> bool:
        """The loss was shown to be less than the margin, and none was shown at all, or it is tolerated.

        Of the model itself there is nothing to show.
        """
        return self.same or (self.claim.within_margin and (self.tolerant or self.claim.words != WORSE))

    @property
    def sentence(self) -> str:
        """What may be said of it against the model before, and by which figures."""
        if self.same:
            return "the model itself: nothing was compressed"
        return f"against the model before {self.claim.sentence}: {self.claim.shown_by}"

    @property
    def fits(self) -> bool:
        """The weights are as small as the plan asks."""
        return self.variant.size_mb <= self.max_size_mb

    def to_json(self) -> dict[str, Any]:
        """As it is in compressed.json."""
        v = self.variant
        return {
            "name": v.name,
            "file": v.file,
            "format": v.format,
            "size_mb": v.size_mb,
            "fits": self.fits,
            "metrics": {name: interval.to_json() for name, interval in self.metrics.items()},
            "slices": self.slices,
            "noninferiority": {**self.claim.to_json(), "holds": self.holds} if not self.same else None,
            "p95_s": v.p95_s,
            **v.details,
        }


def judge(
    task: Task,
    variants: Sequence[Variant],
    answers: Sequence[str],
    reference: NDArray[Any],
    criteria: Mapping[str, Any],
    how: Resampling,
    parts: Mapping[str, Sequence[str]],
) -> list[Judged]:
    """Each variant against the uncompressed model on the same rows, by the plan's criteria.json.

    Args:
        answers: the right ones.
        reference: what the deciding metric says of the uncompressed model's rows; shape (n, ...).
        how: the rows' groups and the seed.
        parts: slice → each row's part (see evaluation/slices.parts).
    """
    name, alpha = task.metric, criteria["alpha"]
    every = [scores.every(task, one.predictions, answers) for one in variants]
    scored = [scores.decided(task, one.predictions, answers) for one in variants]
    margin = claims.margin_of(name, criteria["noninferiority_margin"], scores.value(name, reference))
    pairs = [paired.pair(metric(name), rows, reference, how) for rows in scored]
    return [
        Judged(
            variant,
            rows,
            scores.correct(task, variant.predictions, answers),
            scores.intervals(own, how),
            slices.record(name, parts, own, how),
            claim,
            not variant.compressed and np.array_equal(rows.astype(float), reference.astype(float), equal_nan=True),
            criteria["tolerate_loss"],
            criteria["max_size_mb"],
        )
        for variant, own, rows, claim in zip(
            variants, every, scored, claims.decide(name, pairs, alpha, margin), strict=True
        )
    ]


def smallest(judged: Sequence[Judged]) -> Judged | None:
    """The smallest variant that holds and fits, if there is one."""
    return min((j for j in judged if j.holds and j.fits), key=lambda j: j.variant.size_mb, default=None)


def choose(judged: Sequence[Judged]) -> tuple[Judged, bool, str]:
    """The variant that goes on, whether it meets the plan, and why it is this one.

    The smallest that holds and fits; else the smallest that holds; else the last, which is the least compressed.
    """
    claim = judged[0].claim
    assert claim.margin is not None
    margin = figures.amount(claim.metric, claim.margin)
    limit = f"{judged[0].max_size_mb:g} MB"
    if all(j.same for j in judged):
        as_it_is = "Nothing was compressed: the model goes on as it is"
        return judged[0], judged[0].fits, f"{as_it_is}{'.' if judged[0].fits else f', larger than {limit}.'}"
    tests = f"{len(judged)} variant{'s' if len(judged) > 1 else ''}, Holm-corrected, alpha {claim.alpha:g}"
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
